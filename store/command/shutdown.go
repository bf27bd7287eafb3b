package command

import (
	"time"

	"spindle/aof"
	"spindle/resp"
	"spindle/store/config"
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
	name, flags := "SIGTERM", s.Config.ShutdownOnSigterm
	if interrupt {
		name, flags = "SIGINT", s.Config.ShutdownOnSigint
	}
	s.logf(aof.Warning, "Received %s scheduling shutdown...", name)
	if s.shutdown(flags) != nil {
		s.logf(aof.Warning, "%s received but errors trying to shut down the server, check the logs for more information", name)
	}
}

// flushTimeout bounds how long the end waits for the disk.
const flushTimeout = 10 * time.Second

// shutdown writes what is pending, sends the replies that waited for it and asks the process to end. It does not if what should be on
// disk cannot be brought there, unless it is to end all the same.
func (s *Server) shutdown(how config.ShutdownFlags) error {
	s.logf(aof.Warning, "User requested shutdown...")
	if s.loading { // what is there is not all
		how = how&^config.ShutdownSave | config.ShutdownNosave
	}
	force := how&config.ShutdownForce != 0
	saves := how&config.ShutdownSave != 0 || len(s.Config.Save) > 0 && how&config.ShutdownNosave == 0
	if saves && s.busy() { // a script has done only a part of its work
		if !force {
			s.logf(aof.Warning, "A script is running, can't save the DB.")
			return resp.ErrShutdownFailed
		}
		saves = false
	}
	if s.saving.running != nil {
		s.logf(aof.Warning, "There is a child saving an .rdb. Killing it!")
		s.dropSave()
	}
	if s.Log != nil {
		if err := s.Log.Err(); err != nil && how&config.ShutdownNosave == 0 && !force {
			s.logf(aof.Warning, "The append only file cannot be written, can't exit: %v", err)
			return resp.ErrShutdownFailed
		}
		s.logf(aof.Notice, "Calling fsync() on the AOF file.")
		if err := s.Log.Flush(flushTimeout); err != nil {
			s.logf(aof.Warning, "The append only file could not be written to the end: %v", err)
		}
		s.releaseHeld()
	}
	if saves {
		s.logf(aof.Notice, "Saving the final RDB snapshot before exiting.")
		if s.saveNow() != nil && !force {
			s.logf(aof.Warning, "Error trying to save the DB, can't exit.")
			return resp.ErrShutdownFailed
		}
	}
	s.env.Stop()
	return nil
}
