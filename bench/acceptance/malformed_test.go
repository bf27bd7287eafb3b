package acceptance

import (
	"bytes"
	"errors"
	"math/rand/v2"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"spindle/bench/servers"
)

// hostile is what peers send that do not speak the protocol, or mean harm.
var hostile = []struct {
	name string
	in   string
}{
	{"multibulk length is a word", "*abc\r\n"},
	{"multibulk length is empty", "*\r\n"},
	{"multibulk length is signed", "*+1\r\n$4\r\nPING\r\n"},
	{"multibulk length has a space", "* 1\r\n$4\r\nPING\r\n"},
	{"multibulk length has a zero", "*01\r\n$4\r\nPING\r\n"},
	{"multibulk length is huge", "*2147483648\r\n"},
	{"multibulk length overflows", "*99999999999999999999999\r\n"},
	{"multibulk length is large", "*2147483647\r\n"},
	{"multibulk length of 1 M", "*1048576\r\n$4\r\nPING\r\n"},
	{"multibulk length is negative", "*-10\r\nPING\r\n"},
	{"multibulk length is the lowest", "*-9223372036854775808\r\nPING\r\n"},
	{"multibulk of nothing", "*0\r\nPING\r\n"},
	{"multibulk length never ends", "*" + strings.Repeat("1", 70000)},
	{"bulk length is missing", "*1\r\nPING\r\n"},
	{"bulk length is a word", "*1\r\n$xyz\r\n"},
	{"bulk length is empty", "*1\r\n$\r\n"},
	{"bulk length is negative", "*1\r\n$-1\r\n"},
	{"bulk length is huge", "*2\r\n$3\r\nGET\r\n$536870913\r\n"},
	{"bulk length is the limit", "*2\r\n$3\r\nGET\r\n$536870912\r\nabc"},
	{"bulk length overflows", "*2\r\n$3\r\nGET\r\n$9223372036854775808\r\n"},
	{"bulk length never ends", "*1\r\n$" + strings.Repeat("1", 70000)},
	{"bulk is an integer", "*1\r\n:4\r\nPING\r\n"},
	{"bulk is followed by junk", "*1\r\n$4\r\nPINGxx*1\r\n$4\r\nPING\r\n"},
	{"bulk of nothing", "*1\r\n$0\r\n\r\nPING\r\n"},
	{"second bulk is wrong", "*2\r\n$4\r\nPING\r\nnonsense\r\n"},
	{"an unprintable where $ is expected", "*1\r\n\x00\r\n"},
	{"replies as commands", "+OK\r\n-ERR x\r\n:1\r\n$-1\r\n"},
	{"RESP3 types as commands", "_\r\n#t\r\n,1.5\r\n%1\r\n~1\r\n"},
	{"POST", "POST / HTTP/1.1\r\nHost: example.com\r\n\r\nPING\r\n"},
	{"post", "post / HTTP/1.1\r\n\r\n"},
	{"GET and Host:", "GET / HTTP/1.1\r\nHost: example.com\r\n\r\nPING\r\n"},
	{"Host: alone", "Host: a\r\nPING\r\n"},
	{"POST as multibulk", "*2\r\n$4\r\nPOST\r\n$1\r\n/\r\nPING\r\n"},
	{"inline of unbalanced quotes", "SET k \"abc\r\nPING\r\n"},
	{"inline quotes with a tail", "SET k \"abc\"d\r\nPING\r\n"},
	{"inline escapes", "ECHO \"\\x41\\n\\xzz\\\"\"\r\n"},
	{"inline single quotes", "ECHO 'it\\'s'\r\n"},
	{"inline with NULs", "PING a\x00b\r\nPING\r\n"},
	{"inline of NULs", "\x00\x00\x00\r\nPING\r\n"},
	{"inline with LF only", "PING\nPING\n"},
	{"inline with CR inside", "PING \r \r\nPING\r\n"},
	{"inline of 64 KB, no end", strings.Repeat("A", 64<<10)},
	{"inline of 64 KB + 1, no end", strings.Repeat("A", 64<<10+1)},
	{"inline of just below 64 KB", "ECHO " + strings.Repeat("A", 60000) + "\r\n"},
	{"inline of many words", strings.Repeat("a ", 20000) + "\r\nPING\r\n"},
	{"blank lines", strings.Repeat("\r\n", 1000) + "PING\r\n"},
	{"1 M blank lines", strings.Repeat("\r\n", 1<<20) + "PING\r\n"},
	{"1 M newlines", strings.Repeat("\n", 1<<20) + "PING\r\n"},
	{"spaces", strings.Repeat(" ", 5000) + "\r\nPING\r\n"},
	{"TLS client hello", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\nPING\r\n"},
	{"unknown command", "*1\r\n$7\r\nNOTHING\r\n"},
	{"unknown command, binary", "*3\r\n$4\r\n\x00\xff\r\n\r\n$2\r\n\r\n\r\n$3\r\nabc\r\n"},
	{"unknown command, long arguments", "*3\r\n$3\r\nFOO\r\n$200\r\n" + strings.Repeat("x", 200) + "\r\n$3\r\nabc\r\n"},
	{"half a command", "*2\r\n$3\r\nGET\r\n$3\r\nab"},
	{"half a length", "*2\r\n$3"},
	{"commands before junk", "*1\r\n$4\r\nPING\r\n*1\r\n$4\r\nPING\r\n*1\r\nPING\r\n*1\r\n$4\r\nPING\r\n"},
	{"a huge GETRANGE, SETRANGE, SETBIT", "SETRANGE k 536870912 x\r\nSETRANGE k -1 x\r\nSETBIT k 4294967296 1\r\nGETRANGE k -9223372036854775808 9223372036854775807\r\n"},
	{"huge counts", "SRANDMEMBER nosuch -9223372036854775808\r\nLPOP nosuch 9223372036854775807\r\nHRANDFIELD nosuch -9223372036854775808\r\nRPUSH l a\r\nLRANGE l -9223372036854775808 9223372036854775807\r\n"},
	{"a wrong QUIT", "QUIT now please\r\nPING\r\n"},
}

func TestHostileInput(t *testing.T) {
	reference, ours := servers.RedisT(t), servers.SpindleT(t)
	before := rss(t, ours)
	var c comparison
	for _, h := range hostile {
		c.add(t, reference, ours, h.name, h.in)
	}
	c.Wait()
	wantPing(t, ours)
	grown := rss(t, ours) - before
	t.Logf("resident memory grew by %d KB", grown>>10)
	if grown > 64<<20 {
		t.Errorf("resident memory grew from %d to %d KB", before>>10, (before+grown)>>10)
	}
}

// comparison sends inputs to both servers, several at a time.
type comparison struct {
	sync.WaitGroup
	slots chan struct{}
}

func (c *comparison) add(t *testing.T, reference, ours *servers.Server, name, in string) {
	if c.slots == nil {
		c.slots = make(chan struct{}, 16)
	}
	c.slots <- struct{}{}
	c.Go(func() {
		defer func() { <-c.slots }()
		expected := converse(t, reference, in, nil)
		if got := converse(t, ours, in, &expected); got != expected {
			t.Errorf("%.60s:\n got %.300q, closed %v\nwant %.300q, closed %v", name, got.out, got.closed, expected.out, expected.closed)
		}
	})
}

// talk is what a server sent, and whether it closed the connection.
type talk struct {
	out    string
	closed bool
}

// quiet is how long a server that has nothing more to say, and nothing to do, is listened to.
const quiet = 600 * time.Millisecond

// converse sends in and listens until the server is quiet. An expectation says what to wait for.
func converse(t testing.TB, s *servers.Server, in string, expected *talk) (said talk) {
	conn, err := net.Dial("tcp", s.Addr)
	if err != nil {
		return talk{out: err.Error()}
	}
	defer conn.Close()
	conn.SetWriteDeadline(time.Now().Add(patience))
	go conn.Write([]byte(in))
	worked := cpu(t, s)
	end := time.Now().Add(2 * patience)
	var out bytes.Buffer
	b := make([]byte, 64<<10)
	for {
		wait := quiet
		if expected != nil && (expected.closed || out.Len() < len(expected.out)) {
			wait = patience
		}
		conn.SetReadDeadline(time.Now().Add(wait))
		n, err := conn.Read(b)
		out.Write(b[:n])
		if before := worked; errors.Is(err, os.ErrDeadlineExceeded) && time.Now().Before(end) {
			if worked = cpu(t, s); worked-before > quiet/100 {
				continue // a busy machine lets it work now and then
			}
		}
		if err != nil {
			return talk{out.String(), closedBy(err)}
		}
	}
}

// Random bytes, and valid commands with a few bytes changed: no comparison, but the server lives.
func TestRandomJunk(t *testing.T) {
	s := servers.SpindleT(t)
	seed := rand.Uint64()
	rng := rand.New(rand.NewPCG(seed, 1))
	before := rss(t, s)
	for range 400 {
		in := randomJunk(rng)
		conn, err := net.Dial("tcp", s.Addr)
		if err != nil {
			t.Fatalf("seed %d: %v", seed, err)
		}
		conn.Write(in)
		if rng.IntN(2) == 0 {
			conn.(*net.TCPConn).SetLinger(0)
		}
		conn.Close()
		if !s.Alive() {
			t.Fatalf("seed %d: the server ended after %q\n%s", seed, in, s.LogTail(40))
		}
	}
	wantPing(t, s)
	if strings.Contains(s.LogTail(2000), "panic") {
		t.Errorf("seed %d: the log tells of a panic:\n%s", seed, s.LogTail(60))
	}
	if grown := rss(t, s) - before; grown > 64<<20 {
		t.Errorf("seed %d: resident memory grew by %d KB", seed, grown>>10)
	}
}

func randomJunk(rng *rand.Rand) []byte {
	var in []byte
	for range 1 + rng.IntN(5) {
		in = append(in, command("SET", "key", "value")...)
		in = append(in, command("LPUSH", "list", "a", "b")...)
		in = append(in, "GET key\r\n"...)
	}
	if rng.IntN(3) == 0 {
		in = in[:rng.IntN(64)]
		for i := range in {
			in[i] = byte(rng.Uint32())
		}
	}
	for range rng.IntN(6) {
		if len(in) > 0 {
			in[rng.IntN(len(in))] = byte(rng.Uint32())
		}
	}
	return in[:len(in)-rng.IntN(len(in)/2+1)]
}

// Claims of much to come cost memory only as it comes.
func TestClaimsCostNothing(t *testing.T) {
	s := servers.SpindleT(t)
	before := rss(t, s)
	for range 100 {
		conn := dial(t, s)
		conn.Write([]byte("*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$536870912\r\nabc"))
		conn = dial(t, s)
		conn.Write([]byte("*1048576\r\n$1\r\na\r\n"))
	}
	wantPing(t, s)
	if grown := rss(t, s) - before; grown > 50<<20 {
		t.Errorf("200 connections that claim 512 MB or 1 M arguments took %d MB", grown>>20)
	}
}

// Resets at any moment, while replies are on their way too.
func TestResets(t *testing.T) {
	s := servers.SpindleT(t)
	c := s.ClientT(t)
	c.Do("SET", "big", strings.Repeat("x", 1<<20))
	in := bytes.Repeat(command("GET", "big"), 20)
	for i := range 100 {
		conn, err := net.Dial("tcp", s.Addr)
		if err != nil {
			t.Fatal(err)
		}
		conn.Write(in[:len(in)*(i%20+1)/20-i%3])
		conn.(*net.TCPConn).SetLinger(0)
		conn.Close()
	}
	wantPing(t, s)
	within(t, patience, "the connections are gone", func() bool { return strings.Count(c.Do("CLIENT", "LIST").(string), "\n") == 1 })
}

// Before AUTH a client may say little, and every command but a few is refused.
func TestUnauthenticated(t *testing.T) {
	reference, ours := servers.RedisT(t, "--requirepass", "secret"), servers.SpindleT(t, "--requirepass", "secret")
	var c comparison
	for _, in := range []string{
		"GET k\r\n", "PING\r\n", "HELLO 3\r\n", "AUTH wrong\r\n", "AUTH\r\n", "AUTH a b c\r\n", "AUTH secret\r\nGET k\r\n",
		"HELLO 3 AUTH default wrong\r\n", "HELLO 2 AUTH\r\n", "QUIT\r\n", "RESET\r\n", "NOTHING\r\n",
		"*10\r\n$4\r\nPING\r\n", "*11\r\n$4\r\nPING\r\n", "*2\r\n$4\r\nAUTH\r\n$16384\r\n", "*2\r\n$4\r\nAUTH\r\n$16385\r\n",
		"MULTI\r\nEXEC\r\n", "SUBSCRIBE a\r\n", "MONITOR\r\n", "COMMAND COUNT\r\n", "CLIENT ID\r\n",
	} {
		c.add(t, reference, ours, in, in)
	}
	c.Wait()
}
