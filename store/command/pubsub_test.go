package command

import (
	"fmt"
	"strings"
	"testing"
)

func TestMessagesAndReplies(t *testing.T) {
	r := newRig(t)
	a, b := r.connect(), r.connect()
	a.do("SUBSCRIBE ch")
	b.do("HELLO 3")
	b.do("SUBSCRIBE ch")
	a.sent()
	b.sent()
	r.want("PUBLISH ch hi", ":2\r\n")
	if got := a.sent(); got != "*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$2\r\nhi\r\n" {
		t.Errorf("RESP2 got %q", got)
	}
	if got := b.sent(); got != ">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$2\r\nhi\r\n" {
		t.Errorf("RESP3 got %q", got)
	}
	if got := b.feed(append(encode("PUBLISH", "ch", "x"), encode("PING")...)); got != ">3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$1\r\nx\r\n:2\r\n+PONG\r\n" {
		t.Errorf("between replies: %q", got)
	}
}

// Many subscribers get their messages a turn of the loop later, each in one piece and in order.
func TestManySubscribers(t *testing.T) {
	r := newRig(t)
	var subs []*fakeClient
	for range 100 {
		c := r.connect()
		c.do("SUBSCRIBE ch")
		subs = append(subs, c)
		c.sent()
	}
	var want strings.Builder
	for i := range 50 {
		r.do(fmt.Sprintf("PUBLISH ch %02d", i))
		fmt.Fprintf(&want, "*3\r\n$7\r\nmessage\r\n$2\r\nch\r\n$2\r\n%02d\r\n", i)
	}
	r.settle()
	for i, c := range subs {
		if got := c.sent(); got != want.String() {
			t.Fatalf("subscriber %d got %q", i, got)
		}
	}
}

func TestPublishDoesNotAllocate(t *testing.T) {
	r := newRig(t)
	for i := range 5 {
		c := r.connect()
		c.do("SUBSCRIBE ch")
		if i == 0 {
			c.do("PSUBSCRIBE c*")
		}
		c.conn.discard = true
	}
	if n := r.allocs("PUBLISH ch message"); n > 1 { // the pattern's name
		t.Errorf("PUBLISH allocates %v times", n)
	}
}

func TestSlowSubscriberIsCutOff(t *testing.T) {
	r := newRig(t, "client-output-buffer-limit pubsub 1mb 256kb 10")
	slow := r.connect()
	slow.do("SUBSCRIBE ch")
	message := strings.Repeat("x", 10_000)
	f := func(pending int, closed bool) {
		t.Helper()
		slow.conn.pending = pending
		r.do("PUBLISH ch " + message)
		if slow.conn.closed != closed {
			t.Errorf("%d bytes pending: closed %v", pending, slow.conn.closed)
		}
	}
	f(200<<10, false)
	f(300<<10, false)
	r.advance(9_000)
	f(300<<10, false)
	f(100<<10, false) // below the soft limit: the time begins anew
	r.advance(9_000)
	f(300<<10, false)
	f(2<<20, true)
	if r.s.pubsub.channels[plainChannel]["ch"] != nil {
		t.Error("a client that was cut off is still subscribed")
	}
	soft := r.connect()
	soft.do("SUBSCRIBE ch")
	soft.conn.pending = 300 << 10
	r.do("PUBLISH ch x")
	r.advance(11_000)
	for range 10 {
		r.s.Tick()
	}
	if !soft.conn.closed {
		t.Error("the soft limit is not watched while nothing is sent")
	}
}

func TestNotificationsCostNothingUnheard(t *testing.T) {
	r := newRig(t, "notify-keyspace-events KEA")
	if n := r.allocs("SET k v", "GET k"); n != 0 {
		t.Errorf("%v allocations with nobody listening", n)
	}
}

func TestSpareBuffersAreGivenBack(t *testing.T) {
	var s spareBuffers
	for range 100 {
		s.give(make([]byte, 0, 1024))
	}
	s.trim(1)
	for range 30 {
		s.give(s.take())
	}
	a, b := s.take(), s.take()
	s.give(a)
	s.give(b)
	s.trim(1) // two were needed at once
	if len(s.list) != 2 || s.bytes != 2048 {
		t.Errorf("%d buffers of %d bytes are kept", len(s.list), s.bytes)
	}
	s.give(make([]byte, 0, spareBufferMax+1))
	if len(s.list) != 2 {
		t.Error("a large buffer is kept")
	}
}
