package script

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// Failure is why a script ended early.
type Failure struct {
	Text    string // with its code, such as "ERR"
	Source  string // "@user_script"; empty: unknown
	Line    int
	Counted bool // it was a command's error, and counted as that
	// NoTable says that the script did not fail in the usual way and Text is Lua's message alone.
	NoTable bool
}

func (f *Failure) Error() string { return f.Text }

// Reply is the error as the client gets it. name is the script's: its SHA1, or the function's name.
func (f *Failure) Reply(name string) string {
	switch {
	case f.NoTable:
		return fmt.Sprintf("ERR Error running script %s, %.100s", name, f.Text)
	case f.Source == "":
		return f.Text
	}
	return fmt.Sprintf("%s script: %s, on %s:%d.", f.Text, name, f.Source, f.Line)
}

// Fields of error tables.
const (
	errField    = "err"
	sourceField = "source"
	lineField   = "line"
	ignoreStats = "ignore_error_stats_update"
)

// errorTable makes the table that stands for an error. "-CODE text" has its code, anything else gets ERR.
func errorTable(L *lua.LState, text string) *lua.LTable {
	if rest, ok := strings.CutPrefix(text, "-"); ok {
		text = rest
		if !strings.Contains(text, " ") {
			text = "ERR " + text
		}
	} else {
		text = "ERR " + text
	}
	return single(L, errField, lua.LString(strings.TrimRight(text, "\r\n")))
}

// commandError is the table for an error that a command answered; text has its code.
func commandError(L *lua.LState, text string) *lua.LTable {
	t := L.CreateTable(0, 4)
	t.RawSetString(errField, lua.LString(text))
	t.RawSetString(ignoreStats, lua.LTrue)
	return t
}

// handleError is called where an error was raised, with the stack as it was: it makes a table of the error and
// notes the position.
func (e *Engine) handleError(L *lua.LState) int {
	v := e.translate(L, L.Get(1))
	t, ok := v.(*lua.LTable)
	if !ok {
		t = single(L, errField, lua.LString("ERR "+e.tostring(L, v)))
	}
	if source, line, ok := position(L); ok {
		if mt := t.Metatable; mt == lua.LNil || !isReadonly(t) {
			t.RawSetString(sourceField, lua.LString(source))
			t.RawSetString(lineField, lua.LNumber(line))
		}
	}
	L.Push(t)
	return 1
}

// position is where the error was raised: in the function that failed, or, if that is not written in Lua, in its caller.
func position(L *lua.LState) (source string, line int, ok bool) {
	for level := 1; level <= 2; level++ {
		at, found := L.GetStack(level)
		if !found {
			return "", 0, false
		}
		f, _ := L.GetInfo("fSl", at, lua.LNil)
		if fn, ok := f.(*lua.LFunction); ok && fn.IsG {
			source, line = "=[C]", -1
			continue
		}
		if text, ok := strings.CutPrefix(at.Source, `[string "`); ok {
			return strings.TrimSuffix(text, `"]`), at.CurrentLine, true
		}
		return "@" + at.Source, at.CurrentLine, true
	}
	return source, line, true
}

// failure explains an error of PCall.
func (e *Engine) failure(err error) *Failure {
	api, ok := err.(*lua.ApiError)
	if !ok {
		return &Failure{Text: err.Error(), NoTable: true}
	}
	if api.Type == lua.ApiErrorPanic {
		e.abandoned = true
	}
	if e.limit.stop != nil {
		return e.stopped(api)
	}
	t, ok := api.Object.(*lua.LTable)
	if !ok {
		return &Failure{Text: translateText(lua.LVAsString(api.Object)), NoTable: true}
	}
	f := &Failure{Counted: lua.LVAsBool(t.RawGetString(ignoreStats))}
	if f.Text, ok = text(t.RawGetString(errField)); !ok {
		f.Text = "ERR unknown error"
	}
	source, ok1 := t.RawGetString(sourceField).(lua.LString)
	line, ok2 := t.RawGetString(lineField).(lua.LNumber)
	if ok1 && ok2 {
		f.Source, f.Line = string(source), int(line)
	}
	return f
}

// stopped is the failure of a script that was ended from outside.
func (e *Engine) stopped(api *lua.ApiError) *Failure {
	f := &Failure{Text: "ERR " + e.limit.stop.Error()}
	if t, ok := api.Object.(*lua.LTable); ok {
		source, ok1 := t.RawGetString(sourceField).(lua.LString)
		line, ok2 := t.RawGetString(lineField).(lua.LNumber)
		if ok1 && ok2 {
			f.Source, f.Line = string(source), int(line)
		}
	}
	return f
}
