package aof

import (
	"fmt"
	"io"
	"strings"
)

// Policy says when written effects are synced to the disk: appendfsync.
type Policy int32

const (
	EverySec Policy = iota // once a second, beside the writes
	Always                 // before the offset counts as durable, by group commit
	No                     // when the operating system likes to
)

func (p Policy) String() string {
	switch p {
	case Always:
		return "always"
	case No:
		return "no"
	}
	return "everysec"
}

// ParsePolicy reads the value of appendfsync.
func ParsePolicy(s string) (Policy, error) {
	for _, p := range []Policy{EverySec, Always, No} {
		if strings.EqualFold(s, p.String()) {
			return p, nil
		}
	}
	return 0, fmt.Errorf("appendfsync must be one of: everysec, always, no")
}

// Level is the importance of a log line, as in Redis's loglevel.
type Level int

const (
	Debug Level = iota
	Verbose
	Notice
	Warning
)

// Options describe one log. Dir and Name must be set; every other zero value
// is a sensible default.
type Options struct {
	Dir  string // appenddirname, with its path
	Name string // appendfilename, the prefix of all file names
	Policy

	// LoadTruncated cuts a torn last record off and goes on
	// (aof-load-truncated); otherwise Load fails.
	LoadTruncated bool
	// FileTimestamp writes "#TS:" lines (aof-timestamp-enabled).
	FileTimestamp bool
	// NoFsyncOnRewrite leaves the second's sync out while a rewrite runs. It
	// holds for EverySec only: under Always an offset is never called durable
	// before its sync.
	NoFsyncOnRewrite bool
	// RDBPreamble names the bases .rdb: what a Rewrite is given is then raw
	// RDB bytes through Write.
	RDBPreamble bool
	// IncrementalFsync syncs a new base now and then while it is written (aof-rewrite-incremental-fsync).
	IncrementalFsync bool
	// KeepHistory leaves files that are no longer part of the log where they are (aof-disable-auto-gc).
	KeepHistory bool

	// FlushDelayMs is the age, in milliseconds, at which EndBatch hands a
	// part-filled buffer to the writer. 0 means 2.
	FlushDelayMs int64
	// QueueBytes bounds what waits for the writer; beyond it Append waits too.
	// 0 means 64 MB.
	QueueBytes int64

	// LoadRDB reads a base in RDB format. It must stop right behind the RDB's
	// checksum, for commands may follow: r also is an io.ByteReader, and its
	// method Unread(p []byte) takes back what was read too much. Nil refuses
	// such files.
	LoadRDB func(r io.Reader) error
	// Logf takes log lines; it is called from the writer's goroutines too.
	Logf func(level Level, format string, args ...any)
	// OnDurable is called on a goroutine of the log after each sync, and when
	// Err changes. It must not block and must not call the log, except for
	// Durable and Err.
	OnDurable func(offset int64)

	FS FS
}

func (o Options) withDefaults() Options {
	if o.FlushDelayMs == 0 {
		o.FlushDelayMs = 2
	}
	if o.QueueBytes == 0 {
		o.QueueBytes = 64 << 20
	}
	if o.Logf == nil {
		o.Logf = func(Level, string, ...any) {}
	}
	if o.OnDurable == nil {
		o.OnDurable = func(int64) {}
	}
	if o.FS == nil {
		o.FS = osFS{}
	}
	return o
}

func (o *Options) dir() dir { return dir{o.FS, o.Dir, o.Name} }
