package rdb

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"math/rand"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// server is a redis-server of our own, spoken to over a Unix socket.
type server struct {
	t    testing.TB
	dir  string
	conn net.Conn
	in   *bufio.Reader
}

// startServer starts redis-server in dir, which may hold a dump.rdb.
func startServer(t testing.TB, dir string, args ...string) *server {
	t.Helper()
	bin, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed")
	}
	sock := filepath.Join(dir, "s")
	args = append([]string{"--port", "0", "--unixsocket", sock, "--save", "", "--appendonly", "no",
		"--dir", dir, "--enable-debug-command", "yes", "--logfile", filepath.Join(dir, "log")}, args...)
	cmd := exec.Command(bin, args...)
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	s := &server{t: t, dir: dir}
	t.Cleanup(func() {
		if s.conn != nil {
			s.conn.Close()
		}
		cmd.Process.Kill()
		cmd.Wait()
	})
	for range 200 {
		if s.conn, err = net.Dial("unix", sock); err == nil {
			s.in = bufio.NewReader(s.conn)
			if s.try("PING") == "PONG" {
				return s
			}
		}
		time.Sleep(20 * time.Millisecond)
	}
	log, _ := os.ReadFile(filepath.Join(dir, "log"))
	t.Fatalf("redis-server does not answer: %v\n%s", err, log)
	return nil
}

// send writes a command; words may be strings, byte slices and numbers.
func (s *server) send(words ...any) {
	b := fmt.Appendf(nil, "*%d\r\n", len(words))
	for _, w := range words {
		p, ok := w.([]byte)
		if !ok {
			p = []byte(fmt.Sprint(w))
		}
		b = append(fmt.Appendf(b, "$%d\r\n", len(p)), p...)
		b = append(b, '\r', '\n')
	}
	if _, err := s.conn.Write(b); err != nil {
		s.t.Fatal(err)
	}
}

// try sends a command and returns its reply: a string, int64, nil, error or
// []any.
func (s *server) try(words ...any) any {
	s.send(words...)
	return s.reply()
}

// do is try that fails the test on an error reply.
func (s *server) do(words ...any) any {
	s.t.Helper()
	r := s.try(words...)
	if err, ok := r.(error); ok {
		s.t.Fatalf("%v: %v", words[0], err)
	}
	return r
}

func (s *server) reply() any {
	line, err := s.in.ReadString('\n')
	if err != nil {
		s.t.Fatal(err)
	}
	body := line[1 : len(line)-2]
	n, _ := strconv.Atoi(body)
	switch line[0] {
	case '+':
		return body
	case '-':
		return fmt.Errorf("%s", body)
	case ':':
		return int64(n)
	case '$':
		if n < 0 {
			return nil
		}
		p := make([]byte, n+2)
		if _, err := io.ReadFull(s.in, p); err != nil {
			s.t.Fatal(err)
		}
		return string(p[:n])
	}
	list := make([]any, max(n, 0))
	for i := range list {
		list[i] = s.reply()
	}
	return list
}

// randomBytes returns text of some kind: noise, words, runs, digits.
func randomBytes(rng *rand.Rand, n int) []byte {
	b := make([]byte, 0, n+16)
	alphabet := 1 + rng.Intn(256)
	switch rng.Intn(4) {
	case 0:
		for len(b) < n {
			b = append(b, byte(rng.Intn(alphabet)))
		}
	case 1:
		for len(b) < n {
			b = append(b, "the quick brown fox jumps "[rng.Intn(20):]...)
		}
	case 2:
		for len(b) < n {
			b = append(b, bytes.Repeat([]byte{byte(rng.Intn(alphabet))}, 1+rng.Intn(400))...)
		}
	case 3:
		for len(b) < n {
			b = strconv.AppendInt(b, rng.Int63()>>rng.Intn(63), 10)
		}
	}
	return b[:n]
}

// fill makes keys of all types and encodings that redis-server 7.0 has.
func fill(s *server, rng *rand.Rand) {
	for i, v := range []any{"", "0", "-0", "01", "-1", 127, 128, -128, -129, 32767, 32768, -32769, 2147483647, 2147483648,
		"-2147483648", "-2147483649", "9223372036854775807", "+1", " 1", "1 ", "-", "12345678901"} {
		s.do("SET", fmt.Sprint("number:", i), v)
	}
	for i := range 1500 {
		s.do("SET", fmt.Sprint("string:", i), randomBytes(rng, rng.Intn(1<<rng.Intn(12)+1)))
	}
	s.do("SET", "long", randomBytes(rng, 3<<20))
	s.do("SET", randomBytes(rng, 200_000), "long key")
	for i := range 60 {
		key, n := func(kind string) string { return fmt.Sprint(kind, ":", i) }, 1+rng.Intn(1<<rng.Intn(11))
		text := func() []byte { return randomBytes(rng, rng.Intn(1<<rng.Intn(9)+1)) }
		for range n {
			s.do("RPUSH", key("list"), text())
			s.do("SADD", key("set"), text())
			s.do("SADD", key("intset"), randomInt(rng, i))
			s.do("HSET", key("hash"), text(), text(), rng.Intn(1000), rng.Int63())
			s.do("ZADD", key("zset"), rng.NormFloat64()*1e6, text(), rng.Intn(100), rng.Intn(1000))
		}
		s.do("ZADD", key("zset"), "inf", "up", "-inf", "down", "1e-300", "small", "-0", "zero")
		if i%3 == 0 {
			s.do("PEXPIREAT", key("list"), int64(1)<<42+rng.Int63n(1<<40))
		}
		fillStream(s, rng, key("stream"))
	}
	s.do("DEBUG", "QUICKLIST-PACKED-THRESHOLD", "200b")
	for range 40 {
		s.do("RPUSH", "list:plain", randomBytes(rng, rng.Intn(600)))
	}
	s.do("SELECT", 7)
	s.do("SET", "other", "database")
	s.do("SELECT", 0)
	s.do("FUNCTION", "LOAD", "#!lua name=l\nredis.register_function('f', function() return 1 end)")
}

func fillStream(s *server, rng *rand.Rand, key string) {
	s.do("XGROUP", "CREATE", key, "empty", "$", "MKSTREAM")
	for i := range 1 + rng.Intn(300) {
		cmd := []any{"XADD", key, fmt.Sprintf("%d-%d", 1000+i/3, i%3+1)}
		for f := range 1 + rng.Intn(3) {
			cmd = append(cmd, fmt.Sprint("field", f), randomBytes(rng, rng.Intn(60)))
		}
		s.do(cmd...)
	}
	s.do("XGROUP", "CREATE", key, "g", 0)
	s.do("XGROUP", "CREATE", key, "h", "1010-2", "ENTRIESREAD", 5)
	for c := range 3 {
		s.do("XREADGROUP", "GROUP", "g", fmt.Sprint("c", c), "COUNT", 1+rng.Intn(20), "STREAMS", key, ">")
		s.do("XREADGROUP", "GROUP", "h", fmt.Sprint("c", c), "COUNT", 2, "STREAMS", key, ">")
	}
	for range 20 {
		id := fmt.Sprintf("%d-%d", 1000+rng.Intn(100), 1+rng.Intn(3))
		s.do("XDEL", key, id)
		s.do("XACK", key, "g", id)
	}
	if rng.Intn(4) == 0 {
		s.do("XTRIM", key, "MAXLEN", rng.Intn(3))
	}
}

// copyFile reads a file and writes it again with Writer.
func copyFile(r *Reader, w *Writer) error {
	headed := false
	for {
		rec, err := r.Next()
		if err != nil {
			return err
		}
		if !headed {
			w.Header(r.Version())
			headed = true
		}
		switch rec.Op {
		case RecordAux:
			w.Aux(string(rec.Name), string(rec.Data))
		case RecordSelectDB:
			w.SelectDB(int(rec.DB))
		case RecordResizeDB:
			w.ResizeDB(int(rec.Keys), int(rec.Expires))
		case RecordFunction:
			w.Function(rec.Data)
		case RecordKey:
			w.Key(rec)
			if err := copyValue(r, w, rec.Type); err != nil {
				return err
			}
		case RecordEOF:
			w.EOF()
			return nil
		}
	}
}

func copyValue(r *Reader, w *Writer, typ byte) error {
	if typ == TypeHashExpiry {
		w.BeginHashExpiry(int(r.Count()), r.value.base)
	} else {
		w.Begin(typ, int(r.Count()))
	}
	for {
		ok, err := r.NextItem()
		if !ok || err != nil {
			return err
		}
		w.Item(&r.Item)
	}
}

func TestFilesOfRedis(t *testing.T) {
	rng := newRand(t)
	dir := t.TempDir()
	s := startServer(t, dir)
	fill(s, rng)
	digest := s.do("DEBUG", "DIGEST")
	for _, policy := range []string{"noeviction", "allkeys-lru", "allkeys-lfu"} {
		s.do("CONFIG", "SET", "maxmemory-policy", policy)
		s.do("SAVE")
		in, err := os.ReadFile(filepath.Join(dir, "dump.rdb"))
		if err != nil {
			t.Fatal(err)
		}
		for _, opt := range []Options{{Deep: true}, {Size: int64(len(in))}} {
			w := NewWriter(nil)
			if err := copyFile(NewReader(bytes.NewReader(in), opt), w); err != nil {
				t.Fatalf("%s, %+v: %v", policy, opt, err)
			}
			if i := firstDifference(in, w.Bytes()); i >= 0 {
				t.Fatalf("%s: our copy of the file differs at %d of %d", policy, i, len(in))
			}
		}
		if policy != "noeviction" {
			continue
		}
		w := NewWriter(nil)
		w.Compress = false
		if err := copyFile(NewReader(bytes.NewReader(in), Options{}), w); err != nil {
			t.Fatal(err)
		}
		accepted(t, w.Bytes(), digest)
	}
}

func firstDifference(a, b []byte) int {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			return i
		}
	}
	if len(a) != len(b) {
		return min(len(a), len(b))
	}
	return -1
}

// accepted wants redis-check-rdb and redis-server to like a file.
func accepted(t *testing.T, file []byte, digest any) {
	t.Helper()
	dir := t.TempDir()
	path := filepath.Join(dir, "dump.rdb")
	if err := os.WriteFile(path, file, 0o600); err != nil {
		t.Fatal(err)
	}
	if bin, err := exec.LookPath("redis-check-rdb"); err == nil {
		if out, err := exec.Command(bin, path).CombinedOutput(); err != nil {
			t.Fatalf("redis-check-rdb: %v\n%s", err, out)
		}
	}
	s := startServer(t, dir)
	if got := s.do("DEBUG", "DIGEST"); got != digest {
		t.Fatalf("digest after loading is %v, was %v", got, digest)
	}
}

func TestPayloadsOfRedis(t *testing.T) {
	rng := newRand(t)
	s := startServer(t, t.TempDir())
	fill(s, rng)
	r, w := NewPayloadReader(nil, Options{Deep: true}), NewWriter(nil)
	types := map[byte]int{}
	for _, key := range s.do("KEYS", "*").([]any) {
		in := []byte(s.do("DUMP", key).(string))
		body, err := CheckPayload(in, Version)
		if err != nil {
			t.Fatal(err)
		}
		r.Reset(body)
		w.Reset(nil)
		typ, err := r.Begin()
		if err == nil {
			w.Type(typ)
			err = copyValue(r, w, typ)
		}
		if err != nil {
			t.Fatalf("%.40q: %v", key, err)
		}
		types[typ]++
		if out := AppendFooter(w.Bytes(), Version); !bytes.Equal(in, out) {
			t.Fatalf("%.40q of type %d: our copy differs at %d of %d", key, typ, firstDifference(in, out), len(in))
		}
	}
	for _, typ := range []byte{TypeString, TypeSet, TypeHash, TypeZSet, TypeSetIntset, TypeHashListpack, TypeZSetListpack, TypeListNodes, TypeStream} {
		if types[typ] == 0 {
			t.Errorf("no value of type %d", typ)
		}
	}
}

// randomInt returns an integer of either sign and of about 63-i%63 bits.
func randomInt(rng *rand.Rand, i int) int64 {
	n := rng.Int63() >> (i % 63)
	if rng.Intn(2) == 0 {
		return -n
	}
	return n
}
