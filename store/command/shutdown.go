package command

import (
	"time"

	"spindle/aof"
)

// Version numbers: clients look at the first one.
const (
	RedisVersion   = "7.0.15"
	SpindleVersion = "0.1.0"
)

// VersionLine is what --version prints.
func VersionLine() string {
	return "Spindle server v=" + SpindleVersion + " redis_version=" + RedisVersion
}

// Signalled begins an orderly end, as after SIGTERM or, with interrupt, SIGINT.
func (s *Server) Signalled(interrupt bool) {
	name := "SIGTERM"
	if interrupt {
		name = "SIGINT"
	}
	s.logf(aof.Warning, "Received %s scheduling shutdown...", name)
	s.Shutdown()
}

// flushTimeout bounds how long the end waits for the disk.
const flushTimeout = 10 * time.Second

// Shutdown writes what is pending, sends the replies that waited for it and asks the process to end.
func (s *Server) Shutdown() {
	s.logf(aof.Warning, "User requested shutdown...")
	if s.Log != nil {
		s.logf(aof.Notice, "Calling fsync() on the AOF file.")
		if err := s.Log.Flush(flushTimeout); err != nil {
			s.logf(aof.Warning, "The append only file could not be written to the end: %v", err)
		}
		s.releaseHeld()
	}
	s.env.Stop()
}
