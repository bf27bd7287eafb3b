package command

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// Clients that subscribe, block, watch, track, monitor, fail and vanish at random. In the end, when all have gone, nothing of
// them may be left.
func TestHostileClients(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	rng := rand.New(rand.NewPCG(seed, 0))
	r := newRig(t, "notify-keyspace-events KEAmn", "tracking-table-max-keys 4", "databases 2")
	var clients []*fakeClient
	for range 20_000 {
		switch n := rng.IntN(100); {
		case len(clients) == 0 || n < 12 && len(clients) < 40:
			clients = append(clients, r.connect())
		case n < 13:
			i := rng.IntN(len(clients))
			r.s.Closed(clients[i].c)
			clients = append(clients[:i], clients[i+1:]...)
		case n < 16:
			r.advance(int64(rng.IntN(20)))
		case n < 17:
			r.s.Tick()
		default:
			c := clients[rng.IntN(len(clients))]
			var in []byte
			for range 1 + rng.IntN(3) {
				in = append(in, encode(strings.Fields(hostileCommand(rng, clients))...)...)
			}
			if cut := rng.IntN(4) * len(in) / 3; cut > 0 && !c.conn.closed {
				c.feed(in[:cut])
			}
			clients = r.bury(clients)
		}
		r.checkBlocked()
	}
	for _, c := range clients {
		r.s.Closed(c.c)
	}
	r.settle()
	r.checkNothingLeft()
}

// bury closes the connections that the server has given up, as the loop does.
func (r *rig) bury(clients []*fakeClient) []*fakeClient {
	left := clients[:0]
	for _, c := range clients {
		if c.conn.closed {
			r.s.Closed(c.c)
		} else {
			left = append(left, c)
		}
	}
	return left
}

// hostileCommand makes up a command over few keys, so that clients meet.
func hostileCommand(rng *rand.Rand, clients []*fakeClient) string {
	key := func() string { return string(rune('a' + rng.IntN(4))) }
	id := func() int64 {
		if len(clients) == 0 {
			return 1
		}
		return clients[rng.IntN(len(clients))].c.ID
	}
	timeout := func() string { return []string{"0", "0.005", "1"}[rng.IntN(3)] }
	commands := []func() string{
		func() string { return "MULTI" },
		func() string { return "EXEC" },
		func() string { return "DISCARD" },
		func() string { return "WATCH " + key() + " " + key() },
		func() string { return "UNWATCH" },
		func() string { return "SUBSCRIBE " + key() + " " + key() },
		func() string { return "UNSUBSCRIBE" },
		func() string { return "PSUBSCRIBE __key* " + key() + "*" },
		func() string { return "PUNSUBSCRIBE " + key() + "*" },
		func() string { return "SSUBSCRIBE " + key() },
		func() string { return "SUNSUBSCRIBE" },
		func() string { return "PUBLISH " + key() + " m" },
		func() string { return "SPUBLISH " + key() + " m" },
		func() string { return "BLPOP " + key() + " " + key() + " " + timeout() },
		func() string { return "BLMOVE " + key() + " " + key() + " LEFT RIGHT " + timeout() },
		func() string { return "BZPOPMIN " + key() + " " + timeout() },
		func() string { return "BLMPOP " + timeout() + " 2 " + key() + " " + key() + " LEFT" },
		func() string { return "RPUSH " + key() + " x y" },
		func() string { return "ZADD " + key() + " 1 x" },
		func() string { return "SET " + key() + " 1 PX 5" },
		func() string { return "GET " + key() },
		func() string { return "DEL " + key() },
		func() string { return "RENAME " + key() + " " + key() },
		func() string { return "MOVE " + key() + " 1" },
		func() string { return fmt.Sprint("SELECT ", rng.IntN(2)) },
		func() string { return fmt.Sprint("HELLO ", 2+rng.IntN(2)) },
		func() string { return "RESET" },
		func() string { return "MONITOR" },
		func() string { return "CLIENT TRACKING ON" },
		func() string { return "CLIENT TRACKING ON BCAST PREFIX " + key() },
		func() string { return fmt.Sprint("CLIENT TRACKING ON REDIRECT ", id()) },
		func() string { return "CLIENT TRACKING ON OPTIN NOLOOP" },
		func() string { return "CLIENT CACHING YES" },
		func() string { return "CLIENT TRACKING OFF" },
		func() string { return fmt.Sprint("CLIENT UNBLOCK ", id()) },
		func() string { return fmt.Sprint("CLIENT UNBLOCK ", id(), " ERROR") },
		func() string { return fmt.Sprint("CLIENT KILL ID ", id()) },
		func() string { return "CLIENT LIST" },
		func() string { return "CLIENT REPLY SKIP" },
		func() string { return "QUIT" },
		func() string { return "NOSUCH" },
	}
	return commands[rng.IntN(len(commands))]()
}

// checkBlocked compares the queues with the clients in them.
func (r *rig) checkBlocked() {
	r.Helper()
	b := &r.s.blocked
	waiting, places := 0, 0
	for _, c := range r.s.clients {
		if (c.waiter != nil) != (c.flags&waitBlocked != 0) {
			r.Fatalf("client %d: flags %b, waiter %v", c.ID, c.flags, c.waiter)
		}
		if c.waiter != nil {
			waiting++
			places += len(c.waiter.places)
		}
	}
	keys, queued := 0, 0
	for _, queues := range b.byDB {
		for _, q := range queues {
			keys++
			queued += q.waiters.Len()
		}
	}
	if waiting != b.count || keys != b.keys || queued != places || len(b.ready) != 0 {
		r.Fatalf("%d clients in %d places wait, %d in %d counted; %d of %d queues, %d keys ready",
			waiting, places, b.count, queued, keys, b.keys, len(b.ready))
	}
	if on := r.s.hooks&hookBlocked != 0; on != (keys > 0) {
		r.Fatalf("%d keys are waited for, the hook says %v", keys, on)
	}
}

func (r *rig) checkNothingLeft() {
	r.Helper()
	s := r.s
	for kind, channels := range s.pubsub.channels {
		if len(channels) > 0 {
			r.Errorf("%d channels of kind %d are left", len(channels), kind)
		}
	}
	for _, keys := range s.watched.byDB {
		if len(keys) > 0 {
			r.Errorf("%d watched keys are left", len(keys))
		}
	}
	f := func(what string, n int) {
		if n != 0 {
			r.Errorf("%s: %d are left", what, n)
		}
	}
	f("patterns", len(s.pubsub.patterns))
	f("watches", s.watched.count)
	f("blocked clients", s.blocked.count)
	f("blocked keys", s.blocked.keys)
	f("monitors", len(s.monitors))
	f("tracking clients", s.tracking.clients)
	f("tracking prefixes", len(s.tracking.prefixes))
	f("clients with messages", len(s.pushes))
	f("clients with replies", len(s.dirty))
	f("clients to go on", len(s.blocked.served))
	if s.hooks&^hookNotify != 0 {
		r.Errorf("hooks %b are left", s.hooks)
	}
	if s.gates&gateMonitored != 0 {
		r.Error("the server believes that it is monitored")
	}
	timers := 0
	for _, t := range r.timers {
		if t.f != nil {
			timers++
		}
	}
	if timers > 4 {
		r.Errorf("%d timers are left", timers)
	}
}
