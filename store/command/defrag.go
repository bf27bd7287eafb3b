package command

import (
	"bytes"

	"spindle/store"
)

// Memory that deleted values leave behind in half-empty spans is regained by moving what is left in them: a walk over the
// keyspace, in slices, whenever enough could be gained.

const (
	defragBytesMin   = 8 << 20 // free bytes within spans that are not worth a walk
	defragEveryMs    = 2000
	defragWasteRatio = 8 // walk when at least one eighth of the memory is free slots
)

type defragWalk struct {
	db     int
	cursor uint64
	lastMs int64
	on     bool
	at     int      // database of large
	large  [][]byte // keys with large collections still to be moved
	before int64    // what the task had taken when the walk began, in nanoseconds
}

// checkDefrag begins a walk when deleted values have left much free space behind.
func (s *Server) checkDefrag() {
	d := &s.defrag
	if d.on || s.nowMs-d.lastMs < defragEveryMs {
		return
	}
	used, committed := s.Store.Mem.Used(), s.Store.Mem.Committed()
	free := committed - used
	if free < defragBytesMin || free < committed/defragWasteRatio {
		return
	}
	d.lastMs = s.nowMs
	if s.Store.Mem.BeginDefrag() == 0 {
		return
	}
	*d = defragWalk{lastMs: s.nowMs, on: true, before: s.cron.defrag.nanos}
	s.pump.add(s.cron.defrag)
}

func (s *Server) defragStep() bool {
	d := &s.defrag
	if n := len(d.large); n > 0 {
		if s.moveLarge(d.large[n-1]) {
			d.large = d.large[:n-1]
		}
		return true
	}
	if d.db == len(s.Store.DBs) {
		s.Store.Mem.EndDefrag()
		d.on = false
		return false
	}
	d.at = d.db
	var moved, left int
	d.cursor, moved, left = s.Store.DBs[d.db].Defrag(d.cursor, 16, func(k store.Key) { d.large = append(d.large, bytes.Clone(k.Name())) })
	s.stats.KeysMoved += int64(moved)
	s.stats.KeysLeft += int64(left)
	if d.cursor == 0 {
		d.db++
	}
	return true
}

// moveLarge goes on with a large collection, which may have gone in the meantime. It reports its end.
func (s *Server) moveLarge(name []byte) bool {
	k := s.Store.DBs[s.defrag.at].Peek(name)
	if !k.Exists() {
		return true
	}
	m, ok := k.Object().(store.Mover)
	return !ok || m.Move(64)
}
