package command

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"iter"
	"syscall"

	"spindle/aof"
	"spindle/resp"
	"spindle/store/config"
)

// logOptions are the log's options as the configuration has them now.
func (s *Server) logOptions() aof.Options {
	cfg := s.Config
	return aof.Options{
		Dir:              cfg.Path(cfg.Appenddirname),
		Name:             cfg.Appendfilename,
		Policy:           logPolicy(cfg.Appendfsync),
		LoadTruncated:    cfg.AofLoadTruncated,
		FileTimestamp:    cfg.AofTimestampEnabled,
		NoFsyncOnRewrite: cfg.NoAppendfsyncOnRewrite,
		RDBPreamble:      cfg.AofUseRdbPreamble,
		IncrementalFsync: cfg.AofRewriteIncrementalFsync,
		KeepHistory:      cfg.AofDisableAutoGc,
		Logf:             s.env.Logf,
		OnDurable:        func(int64) { s.env.Post(s.logAdvanced) },
	}
}

func logPolicy(f config.Appendfsync) aof.Policy {
	switch f {
	case config.FsyncAlways:
		return aof.Always
	case config.FsyncNo:
		return aof.No
	}
	return aof.EverySec
}

// logAdvanced runs on the loop after the log became durable further on, or failed, or recovered.
func (s *Server) logAdvanced() {
	s.BeginEvent()
	s.setGate(gateDisk, s.Log != nil && s.Log.Err() != nil)
	s.releaseHeld()
	s.releaseSynced()
	s.EndEvent()
}

func (s *Server) setGate(g gate, on bool) {
	if s.gates &^= g; on {
		s.gates |= g
	}
}

// loadSliceNanos is how long loading may keep the loop from clients, who are told that the server is loading.
const loadSliceNanos = 5e6

// Load loads the log, if it is on, in slices on the loop, and opens it for appending; or else the dump file, if there is one. Until then
// commands that need data are answered with an error. done gets the outcome; progress, if not nil, is told how far it is.
func (s *Server) Load(progress func(done, total int64), done func(error)) {
	load := s.loadLog
	if !s.Config.Appendonly {
		load = s.loadDumpAtStart
	}
	s.setLoading(true)
	var err error
	next, _ := iter.Pull(func(yield func(struct{}) bool) {
		err = load(func(done, total int64) {
			s.loaded.bytes, s.loaded.total = done, total
			if progress != nil {
				progress(done, total)
			}
		}, func() { yield(struct{}{}) })
	})
	var slice func()
	slice = func() {
		s.BeginEvent()
		defer s.EndEvent()
		for end := s.env.MonoNano() + loadSliceNanos; s.env.MonoNano() < end; {
			if _, more := next(); !more {
				s.setLoading(false)
				if err == nil && s.Config.Appendonly {
					err = s.openLog()
				}
				done(err)
				return
			}
		}
		s.env.Post(slice)
	}
	s.env.Post(slice)
}

func (s *Server) setLoading(on bool) {
	s.loading = on
	s.Config.Loading = on
	s.setGate(gateLoading, on)
	s.Store.Expired = s.keyExpired
	if on {
		s.loaded.bytes, s.loaded.total, s.loaded.startMs = 0, 0, s.nowMs
		s.Store.Expired = nil // what expired is in the log as a DEL
	}
}

// yieldEvery is the number of commands loaded between two looks at the clock.
const yieldEvery = 256

func (s *Server) loadLog(progress func(done, total int64), yield func()) error {
	start := s.env.MonoNano()
	c := &Client{s: s, db: s.Store.DBs[0]}
	n := 0
	o := s.logOptions()
	o.LoadRDB = func(r io.Reader) error { return s.loadRDB(r, rdbLoading{keepExpired: true, yield: yield}) }
	stats, err := aof.Load(o, func(args [][]byte) error {
		if n++; n%yieldEvery == 0 {
			yield()
		}
		return s.replay(c, args)
	}, progress)
	switch {
	case err != nil:
	case stats.Found:
		s.logf(aof.Notice, "DB loaded from append only file: %.3f seconds (%d commands, %d keys, %d bytes)",
			float64(s.env.MonoNano()-start)/1e9, stats.Commands, s.Store.Keys(), stats.Bytes)
	case !s.Config.AppendonlyGiven:
		return s.loadDumpAtStart(progress, yield)
	}
	return err
}

// replay executes one command of the log. Nothing is admitted, propagated or accounted.
func (s *Server) replay(c *Client, args [][]byte) error {
	cmd, unknownSub := s.table.findOriginal(args)
	if cmd == nil || unknownSub || cmd.container() && len(args) == 1 {
		return fmt.Errorf("Unknown command '%s'", args[0])
	}
	if n := len(args); n != cmd.Arity && (cmd.Arity >= 0 || n < -cmd.Arity) {
		return fmt.Errorf("Wrong number of arguments for '%s'", cmd.full)
	}
	c.Out.Buf = c.Out.Buf[:0]
	x := &Ctx{S: s}
	x.C, x.DB, x.Args, x.Out, x.Cmd = c, c.db, args, &c.Out, cmd
	x.changes, x.verbatim = 0, true
	depth := s.unit.depth
	s.unit.depth = 1 // so that the commands of a script are nested ones
	err := cmd.Run(x)
	s.unit.depth = depth
	if err != nil {
		s.logf(aof.Warning, "An effect in the append only file failed: %s: %v", bytes.ToUpper(args[0]), err)
	}
	if cap(c.Out.Buf) > scratchMax {
		c.Out.Buf = nil
	}
	return nil
}

// openLog opens the log for appending, after it was loaded. A log that is new begins with what a dump file held, if that was loaded.
func (s *Server) openLog() error {
	if s.loadedRDB.dump {
		return s.enableLog()
	}
	log, err := aof.Open(s.logOptions())
	if err != nil {
		return err
	}
	s.useLog(log)
	return nil
}

// enableLog opens a log that begins with the data that is there.
func (s *Server) enableLog() error {
	log, r, err := aof.Enable(s.logOptions(), s.rewriteDone)
	if err != nil {
		return err
	}
	s.useLog(log)
	s.beginWalk(r)
	return nil
}

// useLog changes to another log, or to none. Effects of a unit that is still running stay behind: what a new log begins with has
// them already.
func (s *Server) useLog(log *aof.Log) {
	s.Log = log
	s.unit.cut(unitMark{})
	if log != nil && s.logDelay > 0 {
		log.SetWriteDelay(s.logDelay)
	}
	s.forgetOffsets()
	s.gateReplies = log != nil && log.Policy() == aof.Always
}

// appendonlyChanged carries out CONFIG SET appendonly.
func (s *Server) appendonlyChanged() error {
	switch on := s.Config.Appendonly; {
	case on && s.Log == nil:
		s.finishWalks()
		if err := s.enableLog(); err != nil {
			s.logf(aof.Warning, "%v", err)
			return errors.New("Unable to turn on AOF. Check server logs.")
		}
	case !on && s.Log != nil:
		if s.rewrite != nil {
			s.rewrite.abort()
		}
		err := s.Log.Close()
		s.useLog(nil)
		s.setGate(gateDisk, false)
		s.releaseHeld()
		s.releaseSynced()
		return err
	}
	return nil
}

// logOptionChanged carries out CONFIG SET of an option that may change while the log is open.
func (s *Server) logOptionChanged() error {
	if s.Log != nil {
		s.Log.Follow(s.logOptions())
	}
	return nil
}

func (s *Server) appendfsyncChanged() error {
	if s.Log != nil {
		s.Log.SetPolicy(logPolicy(s.Config.Appendfsync))
		s.gateReplies = s.Log.Policy() == aof.Always
		s.releaseHeld()
	}
	return nil
}

// checkDisk refuses writes that the log could not keep, and PING, as Redis does.
func (s *Server) checkDisk(c *Client, cmd *Command, args [][]byte) error {
	if s.Log == nil || c.flagsOf(cmd, args)&(Write|TellsHealth) == 0 {
		return nil
	}
	err := s.Log.Err()
	if err == nil {
		s.setGate(gateDisk, false) // recovered a moment ago; this write's reply waits for the log again
		return nil
	}
	return resp.ErrMisconfAOF(s.diskError())
}

// diskError is the system's text for what is wrong with the log.
func (s *Server) diskError() string {
	err := s.Log.Err()
	var errno syscall.Errno
	if errors.As(err, &errno) {
		err = errno
	}
	return config.SystemText(err)
}

// CloseLog writes and syncs what is pending and closes the log.
func (s *Server) CloseLog() error {
	if s.Log == nil {
		return nil
	}
	if s.rewrite != nil {
		s.rewrite.abort()
	}
	err := s.Log.Close()
	s.releaseHeld()
	return err
}
