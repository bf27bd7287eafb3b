package command

import (
	"runtime/metrics"

	"spindle/resp"
	"spindle/store"
)

// memoryUse is what the server knows about the process's memory. The data is in the arena, counted exactly; what Go
// itself holds (clients, buffers, directories of large collections) is sampled by the cron.
type memoryUse struct {
	samples []metrics.Sample
	goBytes int64 // live heap objects and stacks, at the last sample
	startup int64 // used() when the server started
	peak    int64
	peakMs  int64
	full    bool // at the last command there was no room
}

// init chooses what is sampled. Of the heap it is what the last collection found alive: garbage is no use of memory, and keys must
// not be evicted for it, which would bring none of it back. What has been allocated since is not seen until the next one, which
// comes when the heap has doubled.
func (m *memoryUse) init() {
	m.samples = []metrics.Sample{
		{Name: "/gc/heap/live:bytes"},
		{Name: "/memory/classes/heap/stacks:bytes"},
	}
}

// sampleMemory refreshes the numbers that cannot be kept exactly.
func (s *Server) sampleMemory() {
	m := &s.memory
	metrics.Read(m.samples)
	m.goBytes = 0
	for i := range m.samples {
		m.goBytes += int64(m.samples[i].Value.Uint64())
	}
	if m.startup == 0 {
		m.startup = s.usedMemory()
	}
	if used := s.usedMemory(); used > m.peak {
		m.peak, m.peakMs = used, s.nowMs
	}
}

// usedMemory is used_memory: the bytes taken by data, its indexes and the server itself.
func (s *Server) usedMemory() int64 { return s.Store.Mem.Used() + s.memory.goBytes }

// countedMemory is what maxmemory limits: used memory without the log's buffers, which eviction itself fills.
func (s *Server) countedMemory() int64 { return s.usedMemory() }

func (s *Server) overMemory() bool {
	return s.Config.Maxmemory > 0 && !s.loading && !s.paused() && !s.busy() && s.countedMemory() > int64(s.Config.Maxmemory)
}

// evictNanosMax bounds how long one command pays for eviction; a background task goes on from there.
const evictNanosMax = 500e3

// checkMemory makes room before a command runs, and refuses those that may take more when there is none.
func (s *Server) checkMemory(c *Client, cmd *Command, args [][]byte) error {
	if !s.overMemory() {
		s.memory.full = false
		return nil
	}
	s.memory.full = !s.evict(evictNanosMax)
	if s.memory.full && c.takesMemory(cmd, args) {
		return resp.ErrOOM
	}
	return nil
}

// evict removes keys under the policy until there is room, for at most so long. It reports false if there is nothing (more) to
// remove; a time limit that was reached counts as room, as the task goes on.
func (s *Server) evict(nanos int64) bool {
	policy := store.Policy(s.Config.MaxmemoryPolicy)
	if policy == store.NoEviction {
		return false
	}
	start := s.env.MonoNano()
	for n := 0; s.overMemory(); n++ {
		if !s.Store.Evict(policy, s.Config.MaxmemorySamples, s.evicted) {
			return s.Store.Reclaiming() > 0
		}
		s.Store.Reclaim(16)
		if n%16 == 15 && s.env.MonoNano()-start > nanos {
			s.pump.add(s.cron.evict)
			return true
		}
	}
	return true
}

func (s *Server) evictStep() bool {
	return s.overMemory() && s.evict(sliceNanos/4) && s.overMemory()
}

// evicted reports a key that is about to be evicted.
func (s *Server) evicted(db *store.DB, key []byte) {
	s.stats.Evicted++
	s.removed(db, key, ClassEvicted, "evicted")
}
