package command

import (
	"fmt"
	"strings"
	"testing"
)

func TestBlockedClientsAreServedInOrder(t *testing.T) {
	r := newRig(t)
	var waiting []*fakeClient
	for range 5 {
		c := r.connect()
		c.do("BLPOP l 0")
		waiting = append(waiting, c)
	}
	r.want("RPUSH l a b c", ":3\r\n")
	for i, c := range waiting {
		want := ""
		if i < 3 {
			want = fmt.Sprintf("*2\r\n$1\r\nl\r\n$1\r\n%c\r\n", 'a'+i)
		}
		if got := c.sent(); got != want {
			t.Errorf("client %d got %q, want %q", i, got, want)
		}
	}
	r.want("EXISTS l", ":0\r\n")
}

func TestBlockedEffects(t *testing.T) {
	f := func(block, push string, want ...string) {
		t.Helper()
		r := newRig(t, "appendonly yes")
		r.effects()
		r.connect().do(block)
		r.wantEffects(push, want...)
	}
	f("BLPOP l 0", "RPUSH l a b", "RPUSH l a b", "LPOP l")
	f("BRPOP l 0", "RPUSH l a b", "RPUSH l a b", "RPOP l")
	f("BLMOVE l m LEFT RIGHT 0", "RPUSH l a", "RPUSH l a", "LMOVE l m LEFT RIGHT")
	f("BRPOPLPUSH l m 0", "RPUSH l a", "RPUSH l a", "RPOPLPUSH l m")
	f("BLMPOP 0 1 l LEFT COUNT 2", "RPUSH l a b c", "RPUSH l a b c", "LPOP l 2")
	f("BZPOPMIN z 0", "ZADD z 1 a", "ZADD z 1 a", "ZPOPMIN z")
	f("BZPOPMAX z 0", "ZADD z 1 a", "ZADD z 1 a", "ZPOPMAX z")
	f("BZMPOP 0 1 z MIN", "ZADD z 1 a", "ZADD z 1 a", "ZPOPMIN z 1")
}

func TestChainOfMoves(t *testing.T) {
	r := newRig(t)
	var links []*fakeClient
	for _, line := range []string{"BLMOVE c d LEFT LEFT 0", "BLMOVE b c LEFT LEFT 0", "BLMOVE a b LEFT LEFT 0"} {
		c := r.connect()
		c.do(line)
		links = append(links, c)
	}
	r.do("RPUSH a x")
	for i, c := range links {
		if got := c.sent(); got != "$1\r\nx\r\n" {
			t.Errorf("link %d got %q", i, got)
		}
	}
	r.want("LRANGE d 0 -1", "*1\r\n$1\r\nx\r\n")
}

func TestTimeout(t *testing.T) {
	r := newRig(t)
	c := r.connect()
	c.do("BLPOP l 0.05")
	r.advance(49)
	if got := c.sent(); got != "" {
		t.Errorf("%q after 49 ms", got)
	}
	r.advance(1)
	if got := c.sent(); got != "*-1\r\n" {
		t.Errorf("%q after 50 ms", got)
	}
	r.do("RPUSH l a")
	if got := c.sent(); got != "" {
		t.Errorf("%q after the timeout", got)
	}
}

func TestPipelineBehindBlocked(t *testing.T) {
	r := newRig(t)
	c := r.connect()
	in := append(encode("BLPOP", "l", "0"), encode("PING")...)
	in = append(in, encode("BLPOP", "l", "0")...)
	in = append(in, encode("ECHO", "x")...)
	if got := c.feed(in); got != "" {
		t.Errorf("a blocked client got %q", got)
	}
	r.do("RPUSH l a")
	if got := c.sent(); got != "*2\r\n$1\r\nl\r\n$1\r\na\r\n+PONG\r\n" {
		t.Errorf("got %q", got)
	}
	r.do("RPUSH l b")
	if got := c.sent(); got != "*2\r\n$1\r\nl\r\n$1\r\nb\r\n$1\r\nx\r\n" {
		t.Errorf("got %q", got)
	}
}

func TestKilledClientGetsNothing(t *testing.T) {
	r := newRig(t)
	a, b := r.connect(), r.connect()
	a.do("BLPOP l 0")
	b.do("BLPOP l 0")
	r.do(fmt.Sprintf("CLIENT KILL ID %d", a.c.ID))
	r.do("RPUSH l x")
	if got := b.sent(); !strings.Contains(got, "x") {
		t.Errorf("the element went elsewhere: %q", got)
	}
}

func TestPanicWhileServing(t *testing.T) {
	r := newRig(t)
	a := r.connect()
	a.do("BLPOP l 0")
	a.c.waiter.Serve = func(c *Ctx, key []byte) (bool, error) { panic("as the test wants it") }
	r.want("RPUSH l x", ":1\r\n")
	if got := a.sent(); !strings.HasPrefix(got, "-ERR internal error") {
		t.Errorf("got %q", got)
	}
	r.want("LLEN l", ":1\r\n")
	a.want("LPOP l", "$1\r\nx\r\n")
}
