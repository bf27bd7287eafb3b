// Package aof is the durable record of effects: Redis 7's multi-part
// append-only file.
//
//	appendonlydir/
//	    appendonly.aof.manifest       which files make up the data set, in order
//	    appendonly.aof.3.base.rdb     the data set as of the last rewrite; .aof: as commands
//	    appendonly.aof.7.incr.aof     the effects since then, oldest first
//	    appendonly.aof.8.incr.aof     the file being appended to
//
// A data file is an RDB or nothing, and then a sequence of RESP commands, with "#TS:" annotation lines
// between them if asked for. The manifest is replaced by rename, so a crash
// leaves either the old list or the new one, and every file of either is
// still there.
//
// # Goroutines
//
// The loop appends encoded effects to a buffer (Append) and hands the buffer
// over when it is full, or a few milliseconds old, or, under Always, at the
// end of each batch (EndBatch). One writer goroutine receives the buffers
// through a channel, writes them, syncs, and owns every file and the
// manifest. Under EverySec the sync itself runs beside the writer, so a slow
// disk does not hold up writes. A rewrite has a goroutine of its own for the
// new base. Buffers are recycled; what waits for the writer is bounded, and at
// the bound the loop waits, which Status counts and the log tells.
//
// Methods of Log and Rewrite are for the loop's goroutine, except the ones
// that say otherwise.
//
// # Offsets
//
// Appended, Written and Durable count bytes of this log since Open, across
// files. Durable moves only after a sync that covers the bytes succeeded.
//
// # Errors
//
// When a write fails, the file is cut back to where the write began and Err
// tells; the caller refuses writes meanwhile, the writer keeps what it
// has and tries again each second.
//
// A failed sync is worse: the kernel may have dropped the pages and report
// success the next time. So a file is never synced again after a failure:
// the bytes since its last good sync are read back, compared with the checksum
// kept of them, written to a fresh increment, and that one is synced; the old
// file is cut back to its last good sync. Only then the log goes on. If the
// bytes cannot be read back whole, the log is lost as a record of
// the present state: NeedsRewrite asks for a rewrite, nothing is called
// durable until it is committed, and the files keep the last good state.
package aof
