package command

import (
	"spindle/aof"
	"spindle/resp"
	"spindle/store/script"
)

// FUNCTION and FCALL. What a library is, and how it is loaded, is in store/script; function_dump.go has libraries as a payload,
// function_info.go tells about them.
//
// Libraries are data: the commands that change them reach the log as they are, and a rewrite of the log and an RDB file begin with
// all libraries. They belong to no database, and FLUSHALL leaves them alone.

var functionCommands = []*Command{
	{Name: "fcall", Arity: -3, Flags: NoScript | Stale | SkipMonitor | NoMandatoryKeys | RunsScripts | MayReplicate,
		Keys: []KeySpec{atIndex(2).counted(0, 1, 1).is(RW | Access | Update).
			note("We cannot tell how the keys will be used so we assume the worst, RW and UPDATE")},
		Group: "scripting", Since: "7.0.0", Categories: CatScripting, Complexity: "Depends on the function that is executed.",
		Syntax: "function numkeys:integer [key...] [arg...]", Summary: "Invoke a function", Run: fcallCommand},
	{Name: "fcall_ro", Arity: -3, Flags: ReadOnly | NoScript | Stale | SkipMonitor | NoMandatoryKeys | RunsScripts,
		Keys: []KeySpec{atIndex(2).counted(0, 1, 1).is(RO | Access).
			note("We cannot tell how the keys will be used so we assume the worst, RO and ACCESS")},
		Group: "scripting", Since: "7.0.0", Categories: CatScripting, Complexity: "Depends on the function that is executed.",
		Syntax: "function numkeys:integer [key...] [arg...]", Summary: "Invoke a read-only function", Run: fcallCommand},
	{Name: "function", Arity: -2, Group: "scripting", Since: "7.0.0", Complexity: "Depends on subcommand.",
		Summary: "A container for function commands",
		Subs: []*Command{
			{Name: "load", Arity: -3, Flags: Write | DenyOOM | NoScript, Group: "scripting", Since: "7.0.0", Categories: CatScripting,
				Complexity: "O(1) (considering compilation time is redundant)",
				Tips:       []string{"request_policy:all_shards", "response_policy:all_succeeded"},
				Syntax:     "[REPLACE] function-code", Summary: "Create a function with the given arguments (name, code, description)",
				Run: functionLoadCommand},
			{Name: "help", Arity: 2, Flags: Loading | Stale, Group: "scripting", Since: "7.0.0", Categories: CatScripting,
				Complexity: "O(1)", Summary: "Show helpful text about the different subcommands", Run: functionHelpCommand},
			{Name: "flush", Arity: -2, Flags: Write | NoScript, Group: "scripting", Since: "7.0.0", Categories: CatScripting,
				Complexity: "O(N) where N is the number of functions deleted",
				Tips:       []string{"request_policy:all_shards", "response_policy:all_succeeded"},
				Syntax:     "[async(ASYNC|SYNC)]", Summary: "Deleting all functions", Run: functionFlushCommand},
			{Name: "kill", Arity: 2, Flags: NoScript | AllowBusy, Group: "scripting", Since: "7.0.0", Categories: CatScripting,
				Complexity: "O(1)", Tips: []string{"request_policy:all_shards", "response_policy:one_succeeded"},
				Summary: "Kill the function currently in execution.", Run: functionKillCommand},
			{Name: "restore", Arity: -3, Flags: Write | DenyOOM | NoScript, Group: "scripting", Since: "7.0.0", Categories: CatScripting,
				Complexity: "O(N) where N is the number of functions on the payload",
				Tips:       []string{"request_policy:all_shards", "response_policy:all_succeeded"},
				Syntax:     "serialized-value [policy(FLUSH|APPEND|REPLACE)]", Summary: "Restore all the functions on the given payload",
				Run: functionRestoreCommand},
			{Name: "dump", Arity: 2, Flags: NoScript, Group: "scripting", Since: "7.0.0", Categories: CatScripting,
				Complexity: "O(N) where N is the number of functions", Summary: "Dump all functions into a serialized binary payload",
				Run: functionDumpCommand},
			{Name: "delete", Arity: 3, Flags: Write | NoScript, Group: "scripting", Since: "7.0.0", Categories: CatScripting,
				Complexity: "O(1)", Tips: []string{"request_policy:all_shards", "response_policy:all_succeeded"},
				Syntax: "library-name", Summary: "Delete a function by name", Run: functionDeleteCommand},
			{Name: "list", Arity: -2, Flags: NoScript, Group: "scripting", Since: "7.0.0", Categories: CatScripting,
				Complexity: "O(N) where N is the number of functions", Tips: []string{"nondeterministic_output_order"},
				Syntax:  "[LIBRARYNAME=library-name-pattern] [WITHCODE]",
				Summary: "List information about all the functions", Run: functionListCommand},
			{Name: "stats", Arity: 2, Flags: NoScript | AllowBusy, Group: "scripting", Since: "7.0.0", Categories: CatScripting,
				Complexity: "O(1)",
				Tips:       []string{"nondeterministic_output", "request_policy:all_shards", "response_policy:special"},
				Summary:    "Return information about the function currently running (name, description, duration)",
				Run:        functionStatsCommand},
		}},
}

// functions are the server's libraries.
type functions struct {
	libraries   *script.Libraries // nil until the first one
	loadingNano int64             // when the library that is being loaded began to run; 0: none is
	bytes       int64             // about what the libraries take
}

// find returns the function of that name, in any case, or nil.
func (f *functions) find(name []byte) *script.Function {
	if f.libraries == nil {
		return nil
	}
	return f.libraries.Find(name)
}

// loadNanosMax is how long a library may run while it is loaded.
const loadNanosMax = 500e6

const errLoadTimeout resp.Error = "FUNCTION LOAD timeout"

// functionHost is the server as libraries see it.
type functionHost struct{ scriptHost }

// Tick ends a library that takes too long to load. One that comes from the log was loaded once, so it may take its time.
func (h functionHost) Tick() error {
	began := h.s.functions.loadingNano
	switch {
	case began == 0:
		return h.scriptHost.Tick()
	case !h.s.loading && h.s.env.MonoNano()-began > loadNanosMax:
		return errLoadTimeout
	}
	return nil
}

// loadFunctions runs load on the libraries, which may be the first time that there are any.
func (s *Server) loadFunctions(load func(l *script.Libraries) error) error {
	f := &s.functions
	if f.libraries == nil {
		f.libraries = script.NewLibraries(script.Options{Host: functionHost{scriptHost{s}}, Version: RedisVersion, Libraries: scriptLibraries})
	}
	f.loadingNano = s.env.MonoNano()
	err := load(f.libraries)
	f.loadingNano = 0
	f.bytes = f.libraries.Bytes()
	return err
}

func functionLoadCommand(c *Ctx) error {
	replace, last := false, len(c.Args)-1
	for _, option := range c.Args[2:last] {
		if !isToken(option, "REPLACE") {
			return resp.ErrFunctionOption(option)
		}
		replace = true
	}
	var lib *script.Library
	err := c.S.loadFunctions(func(l *script.Libraries) (err error) {
		lib, err = l.Load(string(c.Args[last]), replace)
		return err
	})
	if err != nil {
		return err
	}
	c.changes++
	c.Out.BulkString(lib.Name)
	return nil
}

func functionDeleteCommand(c *Ctx) error {
	f := &c.S.functions
	if f.libraries == nil || !f.libraries.Delete(string(c.Args[2])) {
		return resp.ErrLibraryNotFound
	}
	f.bytes = f.libraries.Bytes()
	c.changes++
	c.Out.OK()
	return nil
}

// functionFlushCommand forgets all libraries. The collector frees them in the background, with SYNC as well.
func functionFlushCommand(c *Ctx) error {
	a := c.Options(2)
	if a.Left() > 1 {
		return resp.ErrSubcommandSyntax(c.Args[0], c.Args[1])
	}
	if a.More() && !a.Token("SYNC") && !a.Token("ASYNC") {
		return resp.ErrFunctionFlush
	}
	c.S.functions = functions{}
	c.changes++
	c.Out.OK()
	return nil
}

func functionKillCommand(c *Ctx) error {
	if err := c.S.killScript(false); err != nil {
		return err
	}
	c.Out.OK()
	return nil
}

// fcallCommand calls a function. What it may do is written in its flags.
func fcallCommand(c *Ctx) error {
	c.showMonitors()
	f := c.S.functions.find(c.Args[1])
	if f == nil {
		return resp.ErrFunctionNotFound
	}
	if _, ok := parseInt(c.Args[2]); !ok {
		return resp.ErrFunctionKeys
	}
	keys, args, err := c.scriptArgs()
	if err != nil {
		return err
	}
	c.S.scripts.start()
	l := c.S.functions.libraries
	return c.runScript(scriptRun{
		name: f.Name, flags: f.Flags, readOnly: c.Cmd.Flags&ReadOnly != 0, engine: l.Engine(),
	}, script.Call{Fn: l.Callable(f), Keys: keys, Args: args, AsArguments: true})
}

// rewriteFunctions writes the libraries to the base of the log.
func (s *Server) rewriteFunctions(out *aof.Rewrite) {
	if l := s.functions.libraries; l != nil {
		for _, lib := range l.Sorted() {
			out.Append(0, []byte("FUNCTION"), []byte("LOAD"), []byte(lib.Code))
		}
	}
}
