package command

import (
	"errors"
	"os"
	"path/filepath"

	"spindle/aof"
	"spindle/resp"
	"spindle/store/config"
)

// Dump files: SAVE, BGSAVE and save points write all data to an RDB file, which is loaded at start if the log is off.

var saveCommands = []*Command{
	{Name: "save", Arity: 1, Flags: Admin | NoScript | NoAsyncLoading | NoMulti, Group: "server", Since: "1.0.0",
		Complexity: "O(N) where N is the total number of keys in all databases", Summary: "Synchronously save the dataset to disk", Run: saveCommand},
	{Name: "bgsave", Arity: -1, Flags: Admin | NoScript | NoAsyncLoading, Group: "server", Since: "1.0.0", Complexity: "O(1)",
		History: []Change{{"3.2.2", "Added the `SCHEDULE` option."}}, Syntax: "[SCHEDULE@3.2.2]",
		Summary: "Asynchronously save the dataset to disk", Run: bgsaveCommand},
}

// saving is what a server knows of its dumps.
type saving struct {
	running   *save
	scheduled bool // one is to begin as soon as possible
	failed    bool // the last one in the background, and none has succeeded since
	saves     int64
	triedMs   int64 // when the last one began in the background
	lastSec   int64 // how long the last one in the background took, -1 before it
}

// save is a running dump.
type save struct {
	walk
	sink    *rdbWalk
	dir     string
	startMs int64
	changes int64 // that it has
	result  chan error
	waited  bool // for it: SAVE, an end
}

// saveRetryMs is how long save points and scheduled dumps wait after a failure.
const saveRetryMs = 5000

// beginSave begins to write all data as it is now. No other walk may be under way.
func (s *Server) beginSave() *save {
	path := s.Config.Path(s.Config.Dbfilename)
	b := &save{dir: filepath.Dir(path), startMs: s.nowMs, changes: s.stats.Changes, result: make(chan error, 1)}
	dump := aof.BeginDump(path, s.Config.RdbSaveIncrementalFsync, func(err error) {
		b.result <- err
		s.env.Post(func() { s.saveEnded(b) })
	})
	b.sink = s.newRDBWalk(dump, false)
	b.walk = walk{s: s, file: dump, task: &task{name: "save", event: "rdb-save-cycle"}, before: b.sink.slice, last: b.sink.end, over: func() {}}
	s.saving.running = b
	b.begin(b.sink)
	return b
}

// saveEnded takes in the outcome of a dump in the background.
func (s *Server) saveEnded(b *save) {
	if s.saving.running != b {
		return // finishWalks or saveNow had it
	}
	s.saving.lastSec = (s.nowMs - b.startMs) / 1000
	switch err := s.settle(b, <-b.result); {
	case err == nil:
		s.logf(aof.Notice, "Background saving terminated with success")
	case errors.Is(err, aof.ErrAborted):
		s.logf(aof.Warning, "Background saving terminated: it was given up")
	default:
		s.logf(aof.Warning, "Background saving error")
	}
	s.logAdvanced()
}

// settle is the end of a dump.
func (s *Server) settle(b *save, err error) error {
	v := &s.saving
	v.running = nil
	if errors.Is(err, aof.ErrAborted) { // by FLUSHALL or the end: it tells nothing of the disk
		return err
	}
	if err != nil {
		v.failed = v.failed || !b.waited // who waits is told, as in Redis
		s.logf(aof.Warning, "Failed saving the DB (in server root dir %s): %s", b.dir, config.SystemText(err))
	} else {
		v.failed = false
		v.saves++
		s.savedMs = s.nowMs
		s.stats.Changes -= b.changes
		s.logf(aof.Notice, "DB saved on disk")
	}
	s.saveGate()
	return err
}

// saveNow writes a dump while everything else stands still, as Redis does.
func (s *Server) saveNow() error {
	s.finishWalks()
	b := s.beginSave()
	b.waited = true
	b.finish()
	return s.settle(b, <-b.result)
}

// finishWalks brings the walk that is under way to its end at once, and a dump's file too, so that another can begin.
func (s *Server) finishWalks() {
	if s.rewrite != nil {
		s.rewrite.finish()
	}
	if b := s.saving.running; b != nil {
		b.finish()
		s.settle(b, <-b.result)
	}
}

// dropSave gives a running dump up; what it has is not true any more, or is about to be written anew.
func (s *Server) dropSave() {
	if b := s.saving.running; b != nil {
		b.abort()
	}
}

// saveGate has writes refused while dumps fail, if they are to be.
func (s *Server) saveGate() {
	s.setGate(gateSave, s.saving.failed && s.Config.StopWritesOnBgsaveError && len(s.Config.Save) > 0)
}

// checkSave refuses writes that dumps could not keep, and PING, as Redis does.
func (s *Server) checkSave(c *Client, cmd *Command, args [][]byte) error {
	if c.flagsOf(cmd, args)&(Write|TellsHealth) == 0 {
		return nil
	}
	return resp.ErrMisconfRDB
}

// walkRuns reports whether data is being walked or written: Redis would say that a child process is active.
func (s *Server) walkRuns() bool {
	return s.saving.running != nil || s.rewrite != nil || s.Store.Snapshot() != nil || s.Log != nil && s.Log.Status().RewriteInProgress
}

// checkSavePoints begins a dump that is due.
func (s *Server) checkSavePoints() {
	v := &s.saving
	if s.loading || s.walkRuns() || v.failed && s.nowMs-v.triedMs <= saveRetryMs {
		return
	}
	if v.scheduled {
		s.saveInBackground()
		return
	}
	for _, p := range s.Config.Save {
		if s.stats.Changes >= int64(p.Changes) && s.nowMs-s.savedMs > p.Seconds*1000 {
			s.logf(aof.Notice, "%d changes in %d seconds. Saving...", p.Changes, p.Seconds)
			s.saveInBackground()
			return
		}
	}
}

func (s *Server) saveInBackground() {
	s.saving.scheduled = false
	s.saving.triedMs = s.nowMs
	s.beginSave()
	s.logf(aof.Notice, "Background saving started by pid %d", os.Getpid())
}

func saveCommand(c *Ctx) error {
	if c.S.saving.running != nil {
		return resp.ErrSaveInProgress
	}
	if c.S.saveNow() != nil {
		return resp.ErrPlain
	}
	c.Out.OK()
	return nil
}

func bgsaveCommand(c *Ctx) error {
	s := c.S
	schedule := false
	if len(c.Args) > 1 {
		if schedule = len(c.Args) == 2 && isToken(c.Args[1], "SCHEDULE"); !schedule {
			return resp.ErrSyntax
		}
	}
	switch inExec := s.unit.depth > 1; {
	case s.saving.running != nil:
		return resp.ErrSaveInProgress
	case !inExec && !s.walkRuns():
		s.saveInBackground()
		c.Out.Status("Background saving started")
	case inExec || schedule:
		s.saving.scheduled = true
		c.Out.Status("Background saving scheduled")
	default:
		return resp.ErrWalkInProgress
	}
	return nil
}
