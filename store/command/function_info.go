package command

import (
	"spindle/resp"
	"spindle/store/glob"
	"spindle/store/script"
)

func functionListCommand(c *Ctx) error {
	var pattern []byte
	withCode := false
	for a := c.Options(2); a.More(); {
		switch {
		case !withCode && a.Token("WITHCODE"):
			withCode = true
		case pattern == nil && a.Token("LIBRARYNAME"):
			if !a.More() {
				return resp.ErrLibraryPattern
			}
			pattern, _ = a.Next()
		default:
			arg, _ := a.Next()
			return resp.ErrFunctionArgument(arg)
		}
	}
	d, n := c.Out.ReserveArray(), 0
	if l := c.S.functions.libraries; l != nil {
		for _, lib := range l.Sorted() {
			if pattern == nil || glob.Match(pattern, []byte(lib.Name), true) {
				c.replyLibrary(lib, withCode)
				n++
			}
		}
	}
	c.Out.SetLen(d, n)
	return nil
}

func (c *Ctx) replyLibrary(lib *script.Library, withCode bool) {
	w := c.Out
	if withCode {
		w.Map(4)
	} else {
		w.Map(3)
	}
	w.BulkString("library_name")
	w.BulkString(lib.Name)
	w.BulkString("engine")
	w.BulkString("LUA")
	w.BulkString("functions")
	w.Array(len(lib.Functions))
	for _, f := range lib.Functions {
		c.replyFunction(f)
	}
	if withCode {
		w.BulkString("library_code")
		w.BulkString(lib.Code)
	}
}

func (c *Ctx) replyFunction(f *script.Function) {
	w := c.Out
	w.Map(3)
	w.BulkString("name")
	w.BulkString(f.Name)
	w.BulkString("description")
	if f.Described {
		w.BulkString(f.Description)
	} else {
		w.Null()
	}
	w.BulkString("flags")
	d, n := w.ReserveSet(), 0
	for _, flag := range script.FlagNames {
		if f.Flags&flag.Flag != 0 {
			w.Status(flag.Name)
			n++
		}
	}
	w.SetLen(d, n)
}

// functionStatsCommand tells which function is running, to those who are served meanwhile.
func functionStatsCommand(c *Ctx) error {
	s, w := c.S, c.Out
	run := s.scripts.run
	if run != nil && run.eval {
		return s.busyError()
	}
	w.Map(2)
	w.BulkString("running_script")
	if run == nil {
		w.Null()
	} else {
		w.Map(3)
		w.BulkString("name")
		w.BulkString(run.name)
		w.BulkString("command")
		w.Array(len(run.command))
		for _, arg := range run.command {
			w.Bulk(arg)
		}
		w.BulkString("duration_ms")
		w.Int((s.env.MonoNano() - run.startedNano) / 1e6)
	}
	w.BulkString("engines")
	w.Map(1)
	w.BulkString("LUA")
	libraries, functions := s.functions.count()
	w.Map(2)
	w.BulkString("libraries_count")
	w.Int(int64(libraries))
	w.BulkString("functions_count")
	w.Int(int64(functions))
	return nil
}

// count returns the number of libraries and of functions.
func (f *functions) count() (libraries, functions int) {
	if f.libraries == nil {
		return 0, 0
	}
	return f.libraries.Len()
}

func functionHelpCommand(c *Ctx) error { return c.help(functionHelp) }

const functionHelp = `
LOAD [REPLACE] <FUNCTION CODE>
    Create a new library with the given library name and code.
DELETE <LIBRARY NAME>
    Delete the given library.
LIST [LIBRARYNAME PATTERN] [WITHCODE]
    Return general information on all the libraries:
    * Library name
    * The engine used to run the Library
    * Library description
    * Functions list
    * Library code (if WITHCODE is given)
    It also possible to get only function that matches a pattern using LIBRARYNAME argument.
STATS
    Return information about the current function running:
    * Function name
    * Command used to run the function
    * Duration in MS that the function is running
    If no function is running, return nil
    In addition, returns a list of available engines.
KILL
    Kill the current running function.
FLUSH [ASYNC|SYNC]
    Delete all the libraries.
    When called without the optional mode argument, the behavior is determined by the
    lazyfree-lazy-user-flush configuration directive. Valid modes are:
    * ASYNC: Asynchronously flush the libraries.
    * SYNC: Synchronously flush the libraries.
DUMP
    Return a serialized payload representing the current libraries, can be restored using FUNCTION RESTORE command
RESTORE <PAYLOAD> [FLUSH|APPEND|REPLACE]
    Restore the libraries represented by the given payload, it is possible to give a restore policy to
    control how to handle existing libraries (default APPEND):
    * FLUSH: delete all existing libraries.
    * APPEND: appends the restored libraries to the existing libraries. On collision, abort.
    * REPLACE: appends the restored libraries to the existing libraries, On collision, replace the old
      libraries with the new libraries (notice that even on this option there is a chance of failure
      in case of functions name collision with another library).
`
