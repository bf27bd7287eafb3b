//go:build invariants

package command

import (
	"fmt"
	"math"
	"runtime"

	"spindle/store"
)

// DEBUG INVARIANTS is for tests that ill-treat a server from outside: it checks
// what the server keeps in memory and tells what it keeps of its clients.
// Builds without the tag do not have it.

func debugInvariants() []debugSubcommand {
	return []debugSubcommand{{"INVARIANTS", 0, 0, debugCheck, ""}}
}

// debugCheck answers with names and counts in turns, or with the first contradiction.
func debugCheck(c *Ctx) error {
	if err := c.S.checkInvariants(); err != nil {
		return fmt.Errorf("ERR %w", err)
	}
	census := c.S.census()
	c.Out.Array(2 * len(census))
	for _, n := range census {
		c.Out.BulkString(n.name)
		c.Out.Int(int64(n.count))
	}
	return nil
}

func (s *Server) checkInvariants() (err error) {
	if err := s.Store.Mem.CheckInvariants(); err != nil {
		return err
	}
	for _, db := range s.Store.DBs {
		db.Scan(0, math.MaxInt, func(k store.Key) {
			o, ok := k.Object().(interface{ CheckInvariants() error })
			if !ok || err != nil {
				return
			}
			if e := o.CheckInvariants(); e != nil {
				err = fmt.Errorf("key %q: %w", k.Name(), e)
			}
		})
	}
	return err
}

type counted struct {
	name  string
	count int
}

// census counts everything that stands for a client or for what one asked for.
func (s *Server) census() []counted {
	list := []counted{
		{"goroutines", runtime.NumGoroutine()}, {"clients", len(s.clients)},
		{"blocked", s.blocked.count}, {"blocked-keys", s.blocked.keys}, {"blocked-timed", s.blocked.timed},
		{"watches", s.watched.count}, {"channels", len(s.pubsub.channels[plainChannel])},
		{"patterns", len(s.pubsub.patterns)}, {"patterns-by-name", len(s.pubsub.channels[patternChannel])},
		{"shard-channels", len(s.pubsub.channels[shardChannel])},
		{"tracking", s.tracking.clients}, {"tracking-prefixes", len(s.tracking.prefixes)},
		{"tracking-later", len(s.tracking.later)}, {"monitors", len(s.monitors)},
		{"holding", len(s.holding)}, {"pushes", len(s.pushes)}, {"postponed", len(s.pause.waiting)},
		{"reclaiming", s.Store.Reclaiming()},
	}
	keys := 0
	for _, m := range s.watched.byDB {
		keys += len(m)
	}
	queues := 0
	for _, m := range s.blocked.byDB {
		queues += len(m)
	}
	return append(list, counted{"watched-keys", keys}, counted{"queues", queues})
}
