package main

import (
	"bufio"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"spindle/bench/compare/internal/corpus"
	"spindle/bench/compare/internal/pair"
	"spindle/bench/compare/internal/random"
	"spindle/bench/compare/internal/wire"
	"spindle/bench/servers"
)

func newPair(t *testing.T, ref, sub *servers.Server) *pair.Pair {
	p := pair.New(ref.Addr, sub.Addr)
	t.Cleanup(p.Close)
	return p
}

func loadCorpus(t *testing.T) []*corpus.File {
	t.Helper()
	root, err := servers.Root()
	if err != nil {
		t.Fatal(err)
	}
	files, err := corpus.Load(filepath.Join(root, "bench", "corpus", "*.txt"))
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("no corpus")
	}
	return files
}

// TestCorpus runs every script against redis-server and our own server.
func TestCorpus(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: takes half a minute")
	}
	files := loadCorpus(t)
	p := newPair(t, servers.RedisT(t), servers.SpindleT(t))
	for _, f := range files {
		missing, err := p.Missing(f.Needs)
		if err != nil {
			t.Fatal(err)
		}
		for _, proto := range f.Protos {
			t.Run(fmt.Sprintf("%s/RESP%d", f.Name(), proto), func(t *testing.T) {
				if len(missing) > 0 {
					t.Skip("skipped: no ", strings.Join(missing, " "), " yet")
				}
				confirmCorpus(t, p, f, proto)
			})
		}
	}
}

// confirmCorpus fails the test for differences that show twice.
func confirmCorpus(t *testing.T, p *pair.Pair, f *corpus.File, proto int) {
	t.Helper()
	again, once, err := corpus.Confirm(p, f, proto)
	for _, d := range once {
		t.Log("once, but not when run again: timing, not a difference of the servers\n" + d.String())
	}
	for _, d := range again {
		t.Error("\n" + d.String())
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestRandom(t *testing.T) {
	p := newPair(t, servers.RedisT(t), servers.SpindleT(t))
	families, lacking, err := random.Available(p, "")
	if err != nil {
		t.Fatal(err)
	}
	if len(lacking) > 0 {
		t.Log("without ", strings.Join(lacking, " "))
	}
	count := 6000
	if testing.Short() {
		count = 1000
	}
	// Always the same commands: new ones are what the program's -random is for.
	const seed = 20
	found, err := random.Run(p, random.Options{Count: count, Seed: seed, Families: families, Lacking: lacking, Encodings: "both"})
	reportRandom(t, found)
	if err != nil {
		t.Fatal(err)
	}
}

// reportRandom fails the test for divergences that came back when run again.
func reportRandom(t *testing.T, found []*random.Divergence) {
	t.Helper()
	for _, d := range found {
		if d.Once {
			t.Log("\n" + d.String())
		} else {
			t.Error("\n" + d.String())
		}
	}
}

// TestProxyIsCaught puts a server between that changes one reply and expects
// both modes to find just that.
func TestProxyIsCaught(t *testing.T) {
	ref, sub := servers.RedisT(t), servers.RedisT(t)
	p := pair.New(ref.Addr, proxy(t, sub.Addr, func(args []string, reply []byte) []byte {
		switch strings.ToUpper(args[0]) {
		case "HSTRLEN":
			return []byte(strings.Replace(string(reply), ":0\r\n", ":-1\r\n", 1))
		case "RPUSH":
			return []byte(strings.Replace(string(reply), "-WRONGTYPE", "-ERR", 1))
		}
		return reply
	}))
	t.Cleanup(p.Close)
	f, err := corpus.Parse("test", []byte("HSET h f v\nHSTRLEN h f\nHSTRLEN h g\nRPUSH h x\nTTL h\n"))
	if err != nil {
		t.Fatal(err)
	}
	for _, proto := range f.Protos {
		failures, err := corpus.Run(p, f, proto)
		if err != nil || len(failures) != 2 || failures[0].Where != "test:3" || failures[1].Where != "test:4" {
			t.Errorf("RESP%d: %v, %v", proto, failures, err)
		}
	}
	found, err := random.Run(p, random.Options{Count: 5000, Seed: 1, Families: []string{"hash", "string"}, Encodings: "small"})
	if err != nil || len(found) != 1 {
		t.Fatalf("%v, %v", found, err)
	}
	if n := len(found[0].Trace); n != 1 || !strings.EqualFold(found[0].Trace[0].Args[0], "HSTRLEN") {
		t.Errorf("not minimal: %v", found[0])
	}
}

// TestLostReplyIsCaught: a server that drops a reply, one that sends one too
// many and one that hangs up are all told apart from a good one.
func TestLostReplyIsCaught(t *testing.T) {
	ref, sub := servers.RedisT(t), servers.RedisT(t)
	p := pair.New(ref.Addr, proxy(t, sub.Addr, func(args []string, reply []byte) []byte {
		switch strings.ToUpper(args[0]) {
		case "SUBSCRIBE":
			return append(reply, "+extra\r\n"...)
		case "STRLEN":
			return nil // hangs up
		}
		return reply
	}))
	t.Cleanup(p.Close)
	f, err := corpus.Parse("test", []byte("SET k v\nSTRLEN k\nGET k\nc2> SUBSCRIBE a\nc2> PING\n"))
	if err != nil {
		t.Fatal(err)
	}
	failures, err := corpus.Run(p, f, 2)
	if err != nil || len(failures) != 2 || failures[0].Where != "test:2" || failures[1].Where != "test:4" {
		t.Errorf("%v, %v", failures, err)
	}
}

// proxy forwards single commands to a server and lets change alter the reply; a nil
// reply closes the connection.
func proxy(t *testing.T, to string, change func(args []string, reply []byte) []byte) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go forward(c, to, change)
		}
	}()
	return l.Addr().String()
}

func forward(c net.Conn, to string, change func([]string, []byte) []byte) {
	defer c.Close()
	up, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer up.Close()
	in, replies := bufio.NewReader(c), bufio.NewReader(up)
	for {
		cmd, err := wire.Read(in)
		if err != nil {
			return
		}
		up.Write(wire.Append(nil, cmd))
		f, err := wire.Read(replies)
		if err != nil {
			return
		}
		var args []string
		for _, e := range cmd.Elems {
			args = append(args, string(e.Text))
		}
		out := change(args, wire.Append(nil, f))
		if out == nil {
			return
		}
		c.Write(out)
	}
}

// TestReferenceAgreesWithItself shows that the normalisations suffice: two
// redis-servers do not differ.
func TestReferenceAgreesWithItself(t *testing.T) {
	if testing.Short() {
		t.Skip("skipped: takes half a minute")
	}
	p := newPair(t, servers.RedisT(t), servers.RedisT(t))
	for _, f := range loadCorpus(t) {
		for _, proto := range f.Protos {
			confirmCorpus(t, p, f, proto)
		}
	}
	seed := uint64(time.Now().UnixNano())
	found, err := random.Run(p, random.Options{Count: 5000, Seed: seed, Families: random.Families(), Encodings: "both"})
	if err != nil {
		t.Fatal(err)
	}
	reportRandom(t, found)
}

func TestMain(m *testing.M) {
	defer servers.Clean()
	m.Run()
}
