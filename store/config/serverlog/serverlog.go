// Package serverlog writes the server's log in redis-server's format:
//
//	12345:M 21 Nov 2026 11:08:06.504 * Ready to accept connections
//
// that is the process, its role, the local time, a sign for the level and the message. Lines go to standard
// output or to a file, and to syslog beside it if wanted. The file is opened for every line, as Redis does it, so
// that it can be renamed or removed at any time (logrotate).
package serverlog

import (
	"fmt"
	"io"
	"log/syslog"
	"os"
	"sync"
	"sync/atomic"
	"time"

	"spindle/store/config"
)

// Role is the letter that says what the process is.
type Role byte

const (
	Starting Role = 'C' // before the server runs; Redis's letter for a child
	Master   Role = 'M'
)

// maxBytes is the length at which messages are cut, as in Redis.
const maxBytes = 1024

// Logger may be used by several goroutines.
type Logger struct {
	level atomic.Uint32
	role  atomic.Uint32

	mu     sync.Mutex
	file   string // absolute; empty: out
	syslog *syslog.Writer
	buf    []byte

	out io.Writer
	now func() time.Time
	pid int
}

// New returns a logger of a starting server that writes lines from notice up to standard output.
func New() *Logger {
	l := &Logger{out: os.Stdout, now: time.Now, pid: os.Getpid()}
	l.level.Store(uint32(config.LogNotice))
	l.role.Store(uint32(Starting))
	return l
}

// Configure takes level, file and syslog from c. An error concerns syslog only; all else is in place then.
func (l *Logger) Configure(c *config.Config) error {
	l.SetLevel(c.Loglevel)
	file := c.Logfile
	if file != "" {
		file = c.Path(file)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.file = file
	if !c.SyslogEnabled || l.syslog != nil {
		return nil
	}
	w, err := syslog.New(facility(c.SyslogFacility)|syslog.LOG_NOTICE, c.SyslogIdent)
	if err != nil {
		return fmt.Errorf("syslog: %w", err)
	}
	l.syslog = w
	return nil
}

func facility(f config.SyslogFacility) syslog.Priority {
	if f == config.SyslogUser {
		return syslog.LOG_USER
	}
	return syslog.LOG_LOCAL0 + syslog.Priority(f-config.SyslogLocal0)<<3
}

// SetLevel makes level the lowest to be written.
func (l *Logger) SetLevel(level config.Loglevel) { l.level.Store(uint32(level)) }

// SetRole changes the letter in the lines.
func (l *Logger) SetRole(r Role) { l.role.Store(uint32(r)) }

// Enabled reports whether lines of level are written: a way around costly arguments.
func (l *Logger) Enabled(level config.Loglevel) bool { return uint32(level) >= l.level.Load() }

// Logf writes one line. A line that cannot be written is lost.
func (l *Logger) Logf(level config.Loglevel, format string, args ...any) {
	if !l.Enabled(level) {
		return
	}
	msg := fmt.Appendf(nil, format, args...)
	msg = msg[:min(len(msg), maxBytes)]
	l.mu.Lock()
	defer l.mu.Unlock()
	l.buf = l.appendHeader(l.buf[:0], level)
	l.buf = append(append(l.buf, msg...), '\n')
	l.write(l.buf)
	l.writeSyslog(level, string(msg))
}

// Raw writes text as it is, without a header: crash reports.
func (l *Logger) Raw(text string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.write([]byte(text))
	l.writeSyslog(config.LogWarning, text)
}

func (l *Logger) appendHeader(b []byte, level config.Loglevel) []byte {
	b = fmt.Appendf(b, "%d:%c ", l.pid, rune(l.role.Load()))
	b = l.now().AppendFormat(b, "02 Jan 2006 15:04:05.000")
	return append(b, ' ', ".-*#"[level], ' ')
}

func (l *Logger) write(b []byte) {
	if l.file == "" {
		_, _ = l.out.Write(b)
		return
	}
	f, err := os.OpenFile(l.file, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return
	}
	_, _ = f.Write(b)
	_ = f.Close()
}

func (l *Logger) writeSyslog(level config.Loglevel, msg string) {
	if l.syslog == nil {
		return
	}
	switch level {
	case config.LogDebug:
		_ = l.syslog.Debug(msg)
	case config.LogVerbose:
		_ = l.syslog.Info(msg)
	case config.LogNotice:
		_ = l.syslog.Notice(msg)
	default:
		_ = l.syslog.Warning(msg)
	}
}
