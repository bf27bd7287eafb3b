package command

import (
	"fmt"
	"runtime/debug"
	"strings"

	"spindle/resp"
	"spindle/store"
)

// MEMORY: what keys and the server take.

var memoryCommands = []*Command{
	{Name: "memory", Arity: -2, Group: "server", Since: "4.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for memory diagnostics commands",
		Subs: []*Command{
			{Name: "malloc-stats", Arity: 2, Group: "server", Since: "4.0.0",
				Complexity: "Depends on how much memory is allocated, could be slow",
				Tips:       []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
				Summary:    "Show allocator internal stats", Run: memoryMallocStatsCommand},
			{Name: "doctor", Arity: 2, Group: "server", Since: "4.0.0", Complexity: "O(1)",
				Tips:    []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
				Summary: "Outputs memory problems report", Run: memoryDoctorCommand},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Group: "server", Since: "4.0.0", Complexity: "O(1)",
				Summary: "Show helpful text about the different subcommands", Run: memoryHelpCommand},
			{Name: "purge", Arity: 2, Group: "server", Since: "4.0.0",
				Complexity: "Depends on how much memory is allocated, could be slow",
				Tips:       []string{"request_policy:all_shards", "response_policy:all_succeeded"},
				Summary:    "Ask the allocator to release memory", Run: memoryPurgeCommand},
			{Name: "usage", Arity: -3, Flags: ReadOnly, Keys: []KeySpec{oneKey(2, RO)}, Group: "server",
				Since: "4.0.0", Complexity: "O(N) where N is the number of samples.",
				Syntax: "key [SAMPLES=count:integer]", Summary: "Estimate the memory usage of a key",
				Run: memoryUsageCommand},
			{Name: "stats", Arity: 2, Group: "server", Since: "4.0.0", Complexity: "O(1)",
				Tips:    []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
				Summary: "Show memory usage details", Run: memoryStatsCommand},
		}},
}

// memoryUsageCommand answers the bytes that a key takes: its record, its elements, its share of the index. Collections know
// their size, so SAMPLES is accepted and not needed.
func memoryUsageCommand(c *Ctx) error {
	for a := c.Options(3); a.More(); {
		if !a.TokenWith("SAMPLES", 1) {
			return resp.ErrSyntax
		}
		if n, err := a.Int(); err != nil {
			return err
		} else if n < 0 {
			return resp.ErrSyntax
		}
	}
	k := c.DB.Visible(c.Args[2])
	if !k.Exists() {
		c.Out.Null()
		return nil
	}
	c.Out.Int(k.MemoryBytes())
	return nil
}

func memoryStatsCommand(c *Ctx) error {
	s, w := c.S, c.Out
	r := s.memoryReport()
	d, n := w.ReserveMap(), 0
	integer := func(name string, v int64) {
		w.BulkString(name)
		w.Int(v)
		n++
	}
	double := func(name string, v float64) {
		w.BulkString(name)
		w.Double(v)
		n++
	}
	integer("peak.allocated", r.peak)
	integer("total.allocated", r.used)
	integer("startup.allocated", r.startup)
	integer("replication.backlog", 0)
	integer("clients.slaves", 0)
	integer("clients.normal", r.clients)
	integer("cluster.links", 0)
	integer("aof.buffer", r.logBuffer)
	integer("lua.caches", s.scripts.bytes)
	integer("functions.caches", s.functions.bytes)
	for _, db := range s.Store.DBs {
		if db.Len() > 0 {
			replyDatabaseOverhead(w, db)
			n++
		}
	}
	keys := int64(s.Store.Keys())
	integer("overhead.total", r.overhead)
	integer("keys.count", keys)
	integer("keys.bytes-per-key", max(r.used-r.startup, 0)/max(keys, 1)*min(keys, 1))
	integer("dataset.bytes", r.dataset())
	double("dataset.percentage", r.datasetPercent())
	double("peak.percentage", percent(r.used, r.peak))
	integer("allocator.allocated", r.arena)
	integer("allocator.active", r.arenaActive)
	integer("allocator.resident", r.arenaResident)
	double("allocator-fragmentation.ratio", ratio(r.arenaActive, r.arena))
	integer("allocator-fragmentation.bytes", r.arenaActive-r.arena)
	double("allocator-rss.ratio", ratio(r.arenaResident, r.arenaActive))
	integer("allocator-rss.bytes", r.arenaResident-r.arenaActive)
	double("rss-overhead.ratio", ratio(r.resident, r.arenaResident))
	integer("rss-overhead.bytes", r.resident-r.arenaResident)
	double("fragmentation", ratio(r.resident, r.used))
	integer("fragmentation.bytes", r.resident-r.used)
	w.SetLen(d, n)
	return nil
}

// replyDatabaseOverhead writes what a database takes beyond its records. Keys with an expiry have no table of their own.
func replyDatabaseOverhead(w *resp.Writer, db *store.DB) {
	w.BulkString(fmt.Sprintf("db.%d", db.ID))
	w.Map(3)
	w.BulkString("overhead.hashtable.main")
	w.Int(db.IndexBytes())
	w.BulkString("overhead.hashtable.expires")
	w.Int(0)
	w.BulkString("overhead.hashtable.slot-to-keys")
	w.Int(0)
}

// memoryPurgeCommand gives all free memory back to the system, in slices: the reply comes first. The Go heap is looked after on
// a goroutine of its own.
func memoryPurgeCommand(c *Ctx) error {
	c.S.cron.purging = true
	c.S.pump.add(c.S.cron.trim)
	go debug.FreeOSMemory()
	c.Out.OK()
	return nil
}

// memoryMallocStatsCommand describes the arena: its slot sizes and how full their spans are.
func memoryMallocStatsCommand(c *Ctx) error {
	st := c.S.Store.Mem.Stats()
	var b strings.Builder
	fmt.Fprintf(&b, "live slots %d, resident %d, spans %d, free and resident %d, mapped %d, reserved %d (bytes)\n",
		st.Used, st.Committed, st.Spans, st.Free, st.Mapped, st.Reserved)
	fmt.Fprintf(&b, "large values: %d, %d bytes\n", st.LargeRuns, st.Large)
	fmt.Fprintf(&b, "%10s %10s %10s %12s %12s\n", "slot", "span", "spans", "slots", "live")
	for _, cl := range st.Classes {
		fmt.Fprintf(&b, "%10d %10d %10d %12d %12d\n", cl.Size, cl.SpanBytes, cl.Spans, cl.Slots, cl.Live)
	}
	c.Out.Verbatim("txt", b.String())
	return nil
}

func memoryDoctorCommand(c *Ctx) error {
	c.Out.Verbatim("txt", c.S.memoryAdvice())
	return nil
}

const (
	doctorUsedMin   = 5 << 20
	doctorPeakRatio = 1.5
	doctorRSSRatio  = 1.4
	doctorRSSMin    = 10 << 20 // bytes above what is used that are worth a word
	doctorArena     = 1.1
	doctorClient    = 200 << 10 // bytes per client
)

// memoryAdvice looks for memory that is held without need.
func (s *Server) memoryAdvice() string {
	r := s.memoryReport()
	if r.used < doctorUsedMin {
		return "Hi Sam, this instance is empty or is using very little memory, my issues detector can't be used in these conditions. Please, leave for your mission on Earth and fill it with some data. The new Sam and I will be back to our programming as soon as I finished rebooting.\n"
	}
	var issues []string
	if ratio(r.peak, r.used) > doctorPeakRatio {
		issues = append(issues, "Peak memory: In the past this instance used more than 150% the memory that is currently using. Free memory is given back to the system in the background; MEMORY PURGE does it at once.")
	}
	if ratio(r.resident, r.used) > doctorRSSRatio && r.resident-r.used > doctorRSSMin {
		issues = append(issues, "High total RSS: This instance has a memory fragmentation and RSS overhead greater than 1.4 (this means that the Resident Set Size of the process is much larger than the sum of its data). This is usually due to a large peak memory, or to Go's heap between two garbage collections.")
	}
	if ratio(r.arenaActive, r.arena) > doctorArena && r.arenaActive-r.arena > doctorRSSMin {
		issues = append(issues, "High allocator fragmentation: This instance has an allocator external fragmentation greater than 1.1. Deleted values left half-empty spans behind; defragmentation moves what is left in them.")
	}
	if n := int64(len(s.clients)); n > 0 && r.clients/n > doctorClient {
		issues = append(issues, "Big client buffers: The clients output buffers in this instance are greater than 200K per client (on average). Please use the CLIENT LIST command in order to find out which clients are using a big amount of memory.")
	}
	if issues == nil {
		return "Hi Sam, I can't find any memory issue in your instance. I can only account for what occurs on this base.\n"
	}
	return "Sam, I detected a few issues in this Redis instance memory implants:\n\n * " + strings.Join(issues, "\n\n * ") +
		"\n\nI'm here to keep you safe, Sam. I want to help you.\n"
}

func memoryHelpCommand(c *Ctx) error { return c.help(memoryHelp) }
