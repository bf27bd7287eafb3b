package command

import (
	"fmt"
	"math"
	"time"

	"spindle/aof"
	"spindle/resp"
)

// DEBUG subcommands that end the process or replace it. Those that crash it leave a report in the log, see crash.go.

var debugProcessSubcommands = []debugSubcommand{
	{"ASSERT", 0, -1, debugAssert, `ASSERT
    Crash by assertion failed.`},
	{"CRASH-AND-RECOVER", 0, -1, debugCrashAndRecover, `CRASH-AND-RECOVER [<milliseconds>]
    Hard crash and restart after a <milliseconds> delay (default 0).`},
	{"OOM", 0, -1, debugOOM, `OOM
    Crash the server simulating an out-of-memory error.`},
	{"PANIC", 0, -1, debugPanic, `PANIC
    Crash the server simulating a panic.`},
	{"RESTART", 0, -1, debugRestart, `RESTART [<milliseconds>]
    Graceful restart: save config, append only file, restart after a
    <milliseconds> delay (default 0).`},
	{"SEGFAULT", 0, -1, debugSegfault, `SEGFAULT
    Crash the server with sigsegv.`},
}

func debugAssert(c *Ctx) error {
	return c.crash("=== ASSERTION FAILED ===\n==> DEBUG ASSERT is not true")
}

func debugOOM(c *Ctx) error {
	return c.crash(fmt.Sprintf("Out Of Memory allocating %d bytes!", int64(math.MaxInt64)))
}

func debugPanic(c *Ctx) error {
	return c.crash(fmt.Sprintf("Software failure: DEBUG PANIC called at Unix time %d", c.Now()/1000))
}

// debugSegfault writes where nothing is. The executor would go on after that, as after every fault of a handler: here the
// fault ends the process.
func debugSegfault(c *Ctx) (err error) {
	defer func() {
		err = c.crash(fmt.Sprintf("Spindle %s crashed by signal: 11, %v", SpindleVersion, recover()))
	}()
	var nowhere *int
	*nowhere = 'x'
	return nil
}

// debugRestart ends in an orderly way and begins again.
func debugRestart(c *Ctx) error {
	delay, err := c.debugDelay()
	if err != nil {
		return err
	}
	s := c.S
	if s.Config.File != "" {
		if err := s.Config.Rewrite(); err != nil {
			s.logf(aof.Warning, "Can't restart: %v", err)
			return resp.ErrDebugRestart
		}
	}
	if s.Log != nil {
		if err := s.Log.Flush(flushTimeout); err != nil {
			s.logf(aof.Warning, "Can't restart: the append only file could not be written to the end: %v", err)
			return resp.ErrDebugRestart
		}
	}
	return s.restart(delay)
}

// debugCrashAndRecover begins again with what is in the files now.
func debugCrashAndRecover(c *Ctx) error {
	delay, err := c.debugDelay()
	if err != nil {
		return err
	}
	return c.S.restart(delay)
}

func (c *Ctx) debugDelay() (time.Duration, error) {
	const maxMs = 3_600_000
	if len(c.Args) < 3 {
		return 0, nil
	}
	ms, err := c.Int(2)
	return time.Duration(min(max(ms, 0), maxMs)) * time.Millisecond, err
}

// restart returns only if there is no new process.
func (s *Server) restart(delay time.Duration) error {
	if s.env.Restart == nil {
		return resp.ErrDebugRestart
	}
	s.logf(aof.Warning, "DEBUG: restarting in %v", delay)
	if err := s.env.Restart(delay); err != nil {
		s.logf(aof.Warning, "Can't restart: %v", err)
	}
	return resp.ErrDebugRestart
}
