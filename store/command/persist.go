package command

import (
	"bytes"
	"errors"
	"fmt"
	"time"

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
	s.EndEvent()
}

func (s *Server) setGate(g gate, on bool) {
	if s.gates &^= g; on {
		s.gates |= g
	}
}

// LoadData loads the log, if it is on. progress, if not nil, is told how far it is.
func (s *Server) LoadData(progress func(done, total int64)) error {
	if !s.Config.Appendonly {
		return nil
	}
	start := time.Duration(s.env.MonoNano())
	s.loading = true
	s.Store.Expired = nil
	replay := &Client{s: s, db: s.Store.DBs[0]}
	stats, err := aof.Load(s.logOptions(), func(args [][]byte) error { return s.replay(replay, args) }, progress)
	s.loading = false
	s.Store.Expired = s.keyExpired
	if err != nil {
		return err
	}
	if stats.Found {
		s.logf(aof.Notice, "DB loaded from append only file: %.3f seconds (%d commands, %d keys, %d bytes)",
			(time.Duration(s.env.MonoNano()) - start).Seconds(), stats.Commands, s.Store.Keys(), stats.Bytes)
	}
	return nil
}

// replay executes one command of the log. Nothing is admitted, propagated or accounted.
func (s *Server) replay(c *Client, args [][]byte) error {
	cmd, err := s.lookup(args)
	if err != nil || cmd.container() && len(args) == 1 {
		return fmt.Errorf("Unknown command '%s' reading the append only file", args[0])
	}
	if n := len(args); n != cmd.Arity && (cmd.Arity >= 0 || n < -cmd.Arity) {
		return fmt.Errorf("wrong number of arguments for '%s' in the append only file", cmd.full)
	}
	c.Out.Buf = c.Out.Buf[:0]
	x := &s.unit.ctx
	x.C, x.DB, x.Args, x.Out, x.Cmd = c, c.db, args, &c.Out, cmd
	x.changes, x.verbatim = 0, true
	if err := cmd.Run(x); err != nil {
		s.logf(aof.Warning, "An effect in the append only file failed: %s: %v", bytes.ToUpper(args[0]), err)
	}
	if cap(c.Out.Buf) > scratchMax {
		c.Out.Buf = nil
	}
	return nil
}

// OpenLog opens the log for appending, after LoadData.
func (s *Server) OpenLog() error {
	if !s.Config.Appendonly {
		return nil
	}
	log, err := aof.Open(s.logOptions())
	if err != nil {
		return err
	}
	s.useLog(log)
	return nil
}

func (s *Server) useLog(log *aof.Log) {
	s.Log = log
	s.gateReplies = log != nil && log.Policy() == aof.Always
}

// appendonlyChanged carries out CONFIG SET appendonly.
func (s *Server) appendonlyChanged() error {
	switch on := s.Config.Appendonly; {
	case on && s.Log == nil:
		log, r, err := aof.Enable(s.logOptions(), s.rewriteDone)
		if err != nil {
			s.logf(aof.Warning, "%v", err)
			return errors.New("Unable to turn on AOF. Check server logs.")
		}
		s.useLog(log)
		s.beginWalk(r)
	case !on && s.Log != nil:
		if s.rewrite != nil {
			s.rewrite.abort()
		}
		err := s.Log.Close()
		s.useLog(nil)
		s.setGate(gateDisk, false)
		s.releaseHeld()
		return err
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

// checkDisk refuses writes that the log could not keep.
func (s *Server) checkDisk(c *Client, cmd *Command, args [][]byte) error {
	if s.Log == nil {
		return nil
	}
	if err := s.Log.Err(); err != nil {
		return resp.ErrMisconfAOF(err.Error())
	}
	return nil
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
