package aof

import (
	"sync/atomic"
	"time"
)

// stats is what Status reads; the log's goroutines write it.
type stats struct {
	stalls        atomic.Int64
	slowSyncs     atomic.Int64
	size          atomic.Int64 // of all live files
	rewriteSize   atomic.Int64 // size when the last rewrite ended
	syncing       atomic.Bool  // a sync beside the writer runs
	waiting       atomic.Bool  // appends count only once a rewrite is committed
	rewrites      atomic.Int64
	failuresInRow atomic.Int64
	lastFailed    atomic.Bool
	lastSec       atomic.Int64 // duration of the last rewrite
}

// Status is the log's part of INFO persistence. Sizes are in bytes.
type Status struct {
	RewriteInProgress   bool
	WaitRewrite         bool  // the log is being enabled: valid once the rewrite is committed
	LastRewriteSec      int64 // -1 before the first
	CurrentRewriteSec   int64 // -1 when none runs
	LastRewriteOK       bool  // aof_last_bgrewrite_status
	LastWriteOK         bool  // aof_last_write_status
	Rewrites            int64 // started
	ConsecutiveFailures int64 // of rewrites
	CurrentSize         int64 // all live files
	BaseSize            int64 // CurrentSize when the last rewrite ended or the log was opened
	BufferBytes         int64 // appended and not yet written
	PendingSyncs        int64 // aof_pending_bio_fsync
	DelayedSyncs        int64 // syncs that took over two seconds, and waits of the loop
	Stalls              int64 // waits of the loop alone
	RewriteBacklog      int64 // bytes of the new base not yet written
}

// Status returns the present state. Any goroutine may ask, but BufferBytes
// leaves out the loop's own buffer unless the loop asks.
func (l *Log) Status() Status {
	s := &l.stats
	st := Status{
		WaitRewrite:         s.waiting.Load(),
		LastRewriteSec:      s.lastSec.Load(),
		CurrentRewriteSec:   -1,
		LastRewriteOK:       !s.lastFailed.Load(),
		LastWriteOK:         l.Err() == nil,
		Rewrites:            s.rewrites.Load(),
		ConsecutiveFailures: s.failuresInRow.Load(),
		CurrentSize:         s.size.Load(),
		BaseSize:            s.rewriteSize.Load(),
		BufferBytes:         l.queued.Load(),
		Stalls:              s.stalls.Load(),
		DelayedSyncs:        s.stalls.Load() + s.slowSyncs.Load(),
	}
	if s.syncing.Load() {
		st.PendingSyncs = 1
	}
	if r := l.rewrite.Load(); r != nil {
		st.RewriteInProgress = true
		st.CurrentRewriteSec = int64(time.Since(r.started) / time.Second)
		st.RewriteBacklog = r.Backlog()
	}
	return st
}

// NeedsRewrite reports that appends go nowhere useful until a rewrite is
// committed: the log is being enabled, or lost data to a failed sync.
// The caller begins one when it can. Any goroutine may ask.
func (l *Log) NeedsRewrite() bool { return l.stats.waiting.Load() && l.rewrite.Load() == nil }
