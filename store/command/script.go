package command

import (
	"spindle/resp"
	"spindle/store/script"
)

// EVAL and SCRIPT. The language is in store/script; how a script runs inside the server is in script_run.go, and what happens while one
// runs too long in script_busy.go.

var scriptCommands = []*Command{
	{Name: "eval", Arity: -3, Flags: NoScript | Stale | SkipMonitor | NoMandatoryKeys | RunsScripts | MayReplicate,
		Keys: []KeySpec{atIndex(2).counted(0, 1, 1).is(RW | Access | Update).
			note("We cannot tell how the keys will be used so we assume the worst, RW and UPDATE")},
		Group: "scripting", Since: "2.6.0", Categories: CatScripting, Complexity: "Depends on the script that is executed.",
		Syntax: "script numkeys:integer [key...] [arg...]", Summary: "Execute a Lua script server side", Run: evalCommand},
	{Name: "eval_ro", Arity: -3, Flags: ReadOnly | NoScript | Stale | SkipMonitor | NoMandatoryKeys | RunsScripts,
		Keys: []KeySpec{atIndex(2).counted(0, 1, 1).is(RO | Access).
			note("We cannot tell how the keys will be used so we assume the worst, RO and ACCESS")},
		Group: "scripting", Since: "7.0.0", Categories: CatScripting, Complexity: "Depends on the script that is executed.",
		Syntax: "script numkeys:integer [key...] [arg...]", Summary: "Execute a read-only Lua script server side", Run: evalCommand},
	{Name: "evalsha", Arity: -3, Flags: NoScript | Stale | SkipMonitor | NoMandatoryKeys | RunsScripts | MayReplicate,
		Keys:  []KeySpec{atIndex(2).counted(0, 1, 1).is(RW | Access | Update)},
		Group: "scripting", Since: "2.6.0", Categories: CatScripting, Complexity: "Depends on the script that is executed.",
		Syntax: "sha1 numkeys:integer [key...] [arg...]", Summary: "Execute a Lua script server side", Run: evalshaCommand},
	{Name: "evalsha_ro", Arity: -3, Flags: ReadOnly | NoScript | Stale | SkipMonitor | NoMandatoryKeys | RunsScripts,
		Keys:  []KeySpec{atIndex(2).counted(0, 1, 1).is(RO | Access)},
		Group: "scripting", Since: "7.0.0", Categories: CatScripting, Complexity: "Depends on the script that is executed.",
		Syntax: "sha1 numkeys:integer [key...] [arg...]", Summary: "Execute a read-only Lua script server side", Run: evalshaCommand},
	{Name: "script", Arity: -2, Group: "scripting", Since: "2.6.0", Complexity: "Depends on subcommand.",
		Summary: "A container for Lua scripts management commands",
		Subs: []*Command{
			{Name: "exists", Arity: -3, Flags: NoScript, Group: "scripting", Since: "2.6.0", Categories: CatScripting,
				Complexity: "O(N) with N being the number of scripts to check (so checking a single script is an O(1) operation).",
				Tips:       []string{"request_policy:all_shards", "response_policy:agg_logical_and"},
				Syntax:     "sha1...", Summary: "Check existence of scripts in the script cache.", Run: scriptExistsCommand},
			{Name: "flush", Arity: -2, Flags: NoScript, Group: "scripting", Since: "2.6.0", Categories: CatScripting,
				Complexity: "O(N) with N being the number of scripts in cache",
				Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
				History:    []Change{{"6.2.0", "Added the `ASYNC` and `SYNC` flushing mode modifiers."}},
				Syntax:     "[async(ASYNC|SYNC)@6.2.0]", Summary: "Remove all the scripts from the script cache.", Run: scriptFlushCommand},
			{Name: "load", Arity: 3, Flags: NoScript | Stale, Group: "scripting", Since: "2.6.0", Categories: CatScripting,
				Complexity: "O(N) with N being the length in bytes of the script body.",
				Tips:       []string{"request_policy:all_nodes", "response_policy:all_succeeded"},
				Syntax:     "script", Summary: "Load the specified Lua script into the script cache.", Run: scriptLoadCommand},
			{Name: "debug", Arity: 3, Flags: NoScript, Group: "scripting", Since: "3.2.0", Categories: CatScripting,
				Complexity: "O(1)", Syntax: "mode(YES|SYNC|NO)", Summary: "Set the debug mode for executed scripts.", Run: scriptDebugCommand},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Group: "scripting", Since: "5.0.0", Categories: CatScripting,
				Complexity: "O(1)", Summary: "Show helpful text about the different subcommands", Run: scriptHelpCommand},
			{Name: "kill", Arity: 2, Flags: NoScript | AllowBusy, Group: "scripting", Since: "2.6.0", Categories: CatScripting,
				Complexity: "O(1)", Tips: []string{"request_policy:all_shards", "response_policy:one_succeeded"},
				Summary: "Kill the script currently in execution.", Run: scriptKillCommand},
		}},
}

// evalCommand takes the script itself. A script that has run is known to EVALSHA, too.
func evalCommand(c *Ctx) error {
	c.showMonitors()
	keys, args, err := c.scriptArgs()
	if err != nil {
		return err
	}
	sc, err := c.S.scripts.byBody(c.Args[1])
	if err != nil {
		return err
	}
	return c.runEval(sc, keys, args)
}

// evalshaCommand takes the name of a script that is known.
func evalshaCommand(c *Ctx) error {
	c.showMonitors()
	if len(c.Args[1]) != shaLen {
		return resp.ErrNoScript
	}
	keys, args, err := c.scriptArgs()
	if err != nil {
		return err
	}
	sc := c.S.scripts.bySHA(c.Args[1])
	if sc == nil {
		return resp.ErrNoScript
	}
	return c.runEval(sc, keys, args)
}

// showMonitors shows the command before what it runs.
func (c *Ctx) showMonitors() {
	if c.S.gates&gateMonitored != 0 {
		c.S.showMonitors(c.C, c.C.monitorName(), c.Cmd, c.Args)
	}
}

// scriptArgs splits the arguments from the third on: a number of keys, the keys, the rest.
func (c *Ctx) scriptArgs() (keys, args [][]byte, err error) {
	n, err := c.Int(2)
	switch rest := c.Args[3:]; {
	case err != nil:
		return nil, nil, err
	case n > int64(len(rest)):
		return nil, nil, resp.ErrTooManyNumkeys
	case n < 0:
		return nil, nil, resp.ErrNumkeysNegative
	default:
		return rest[:n], rest[n:], nil
	}
}

func (c *Ctx) runEval(sc *cachedScript, keys, args [][]byte) error {
	m := &c.S.scripts
	return c.runScript(scriptRun{
		name: sc.sha, flags: sc.flags, readOnly: c.Cmd.Flags&ReadOnly != 0, eval: true, engine: m.engine,
	}, script.Call{Fn: m.function(sc), Keys: keys, Args: args})
}

func scriptLoadCommand(c *Ctx) error {
	sc, err := c.S.scripts.byBody(c.Args[2])
	if err != nil {
		return err
	}
	c.Out.BulkString(sc.sha)
	return nil
}

func scriptExistsCommand(c *Ctx) error {
	c.Out.Array(len(c.Args) - 2)
	for _, sha := range c.Args[2:] {
		c.replyFlag(c.S.scripts.bySHA(sha) != nil)
	}
	return nil
}

// scriptFlushCommand forgets the scripts. The collector frees them in the background, with SYNC as well.
func scriptFlushCommand(c *Ctx) error {
	a := c.Options(2)
	if a.Left() > 1 || a.More() && !a.Token("SYNC") && !a.Token("ASYNC") {
		return resp.ErrScriptFlush
	}
	c.S.scripts.flush()
	c.Out.OK()
	return nil
}

// scriptDebugCommand tells that there is no debugger, unless it is to be off.
func scriptDebugCommand(c *Ctx) error {
	switch mode := c.Args[2]; {
	case isToken(mode, "NO"):
		c.Out.OK()
		return nil
	case isToken(mode, "YES"), isToken(mode, "SYNC"):
		return resp.ErrNoDebugger
	}
	return resp.ErrScriptDebug
}

func scriptKillCommand(c *Ctx) error {
	if err := c.S.killScript(true); err != nil {
		return err
	}
	c.Out.OK()
	return nil
}

func scriptHelpCommand(c *Ctx) error { return c.help(scriptHelp) }

const scriptHelp = `
DEBUG (YES|SYNC|NO)
    Set the debug mode for subsequent scripts executed.
EXISTS <sha1> [<sha1> ...]
    Return information about the existence of the scripts in the script cache.
FLUSH [ASYNC|SYNC]
    Flush the Lua scripts cache. Very dangerous on replicas.
    When called without the optional mode argument, the behavior is determined by the
    lazyfree-lazy-user-flush configuration directive. Valid modes are:
    * ASYNC: Asynchronously flush the scripts cache.
    * SYNC: Synchronously flush the scripts cache.
KILL
    Kill the currently executing Lua script.
LOAD <script>
    Load a script into the scripts cache without executing it.
`
