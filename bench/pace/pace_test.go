package pace

import (
	"bufio"
	"net"
	"strings"
	"testing"
	"time"

	"spindle/bench/servers"
)

func TestKeyNames(t *testing.T) {
	f := func(i int, want string) {
		t.Helper()
		if got := string(AppendKey(nil, i)); got != want {
			t.Fatalf("key %d is %q, want %q", i, got, want)
		}
	}
	f(0, "key:000000000000")
	f(123456, "key:000000123456")
	f(999999999999, "key:999999999999")
}

func TestReplyLen(t *testing.T) {
	f := func(in string, want int) {
		t.Helper()
		if n, err := replyLen([]byte(in)); err != nil || n != want {
			t.Fatalf("%q: %d, %v; want %d", in, n, err, want)
		}
	}
	f("", 0)
	f("+O", 0)
	f("+OK\r\n+OK\r\n", 5)
	f("$-1\r\n", 5)
	f("$3\r\nab", 0)
	f("$3\r\nabc\r", 0)
	f("$3\r\nabc\r\n", 9)
	if _, err := replyLen([]byte("-ERR no\r\n")); err == nil {
		t.Fatal("an error reply passed")
	}
}

func TestRunAgainstRedis(t *testing.T) {
	s := servers.RedisT(t)
	l := Load{Addr: s.Addr, Conns: 10, Rate: 2000, Keys: 1000, Reads: 0.5, Value: 32, Slice: 100 * time.Millisecond}
	r, err := l.RunFor(300 * time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if r.Requests < 60 || r.Requests > 1200 {
		t.Fatalf("%d requests, want about 600", r.Requests)
	}
	if n := len(r.Worst); n < 2 {
		t.Fatalf("%d slices, want 3", n)
	}
	l.Rate = 0
	if r, err = l.RunFor(time.Second); err != nil || r.Requests < 100 {
		t.Fatalf("closed loop: %v, %v", r, err)
	}
}

// A server that pauses once must be charged for all requests that were due
// meanwhile.
func TestPauseIsChargedToEveryRequest(t *testing.T) {
	const pause = 200 * time.Millisecond
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		nc, err := l.Accept()
		if err != nil {
			return
		}
		r := bufio.NewReader(nc)
		for n := 0; ; {
			line, err := r.ReadString('\n')
			if err != nil {
				return
			}
			if !strings.HasPrefix(line, "*") {
				continue
			}
			if n++; n == 50 {
				time.Sleep(pause)
			}
			nc.Write([]byte("+OK\r\n"))
		}
	}()
	load := Load{Addr: l.Addr().String(), Conns: 1, Rate: 1000, Keys: 10, Value: 8}
	r, err := load.RunFor(500 * time.Millisecond)
	if err != nil {
		t.Fatal(err)
	}
	if r.Max() < pause || r.At(80) < pause/4 {
		t.Fatalf("max %v, p80 %v: the pause of %v is hidden", r.Max(), r.At(80), pause)
	}
}
