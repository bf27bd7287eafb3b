package script

import (
	"strings"

	lua "github.com/yuin/gopher-lua"
)

// gopher-lua words many errors in its own way. Scripts and the people who read their errors know Lua's.

// translate words an error as Lua does. It runs where the error was raised.
func (e *Engine) translate(L *lua.LState, v lua.LValue) lua.LValue {
	s, ok := v.(lua.LString)
	if !ok {
		return v
	}
	return lua.LString(translateText(string(s)))
}

// translateText is translate for a message alone.
func translateText(s string) string {
	if strings.Contains(s, "lua callstack overflow") || strings.HasSuffix(s, "registry overflow") {
		return "stack overflow"
	}
	return s
}

// chunkName is how messages show the name of a chunk that load was given.
func chunkName(name string) string {
	if rest, ok := strings.CutPrefix(name, "="); ok {
		return rest
	}
	if rest, ok := strings.CutPrefix(name, "@"); ok {
		return rest
	}
	line, _, cut := strings.Cut(name, "\n")
	const max = 60 - len(`[string "..."]`)
	if cut || len(line) > max {
		line = line[:min(len(line), max-3)] + "..."
	}
	return `[string "` + line + `"]`
}

// stringMax bounds the strings that scripts make, in bytes.
const stringMax = 512 << 20
