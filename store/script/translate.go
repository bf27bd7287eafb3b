package script

import (
	"fmt"
	"reflect"
	"regexp"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"spindle/store/script/capi"
)

// gopher-lua words many errors in its own way. Scripts and the people who read their errors know Lua's, which also name the
// variable that was at fault; so does this, by a look at the instruction that failed, as Lua does it.

// translate words an error as Lua does. It runs where the error was raised, as an error handler.
func (e *Engine) translate(L *lua.LState, v lua.LValue) lua.LValue {
	s, ok := v.(lua.LString)
	if !ok {
		return v
	}
	return lua.LString(wording(L, translateText(string(s))))
}

// translateText is translate without the instruction.
func translateText(s string) string {
	if strings.Contains(s, "lua callstack overflow") || strings.HasSuffix(s, "registry overflow") {
		return "stack overflow"
	}
	return s
}

// A fault is the instruction that failed.
type fault struct {
	L     *lua.LState
	proto *lua.FunctionProto
	fn    *lua.LFunction
	pc    int
	inst  uint32
}

// failed finds it, or the call under way in a function further up. It returns nil if that function is not written in Lua.
func failed(L *lua.LState, level int) *fault {
	at, ok := L.GetStack(level)
	if !ok {
		return nil
	}
	v, _ := L.GetInfo("f", at, lua.LNil)
	fn, ok := v.(*lua.LFunction)
	if !ok || fn.IsG {
		return nil
	}
	pc := frameField(at, "Pc") - 1
	if pc < 0 || pc >= len(fn.Proto.Code) {
		return nil
	}
	return &fault{L: L, proto: fn.Proto, fn: fn, pc: pc, inst: fn.Proto.Code[pc]}
}

// frameField reads a number that gopher-lua knows of a call and does not export, -1 if it does not.
func frameField(at *lua.Debug, name string) int {
	frame := reflect.ValueOf(at).Elem().FieldByName("frame")
	if !frame.IsValid() || frame.IsNil() {
		return -1
	}
	if v := frame.Elem().FieldByName(name); v.IsValid() {
		return int(v.Int())
	}
	return -1
}

// rewordings are gopher-lua's texts, as patterns, and what Lua says instead.
var rewordings = []struct {
	pattern *regexp.Regexp
	word    func(f *fault, m []string) string
}{
	{regexp.MustCompile(`attempt to index a non-table object\((\w+)\) with key '(?s:.*)'$`), func(f *fault, m []string) string {
		return "attempt to index " + f.operand(f.indexed(), m[1])
	}},
	{regexp.MustCompile(`attempt to call a non-function object$`), func(f *fault, m []string) string {
		if f == nil {
			return "attempt to call a nil value"
		}
		a := argA(f.inst)
		return "attempt to call " + f.operand(a, f.typeOf(a))
	}},
	{regexp.MustCompile(`cannot perform concat operation between (\w+) and (\w+)$`), func(f *fault, m []string) string {
		return "attempt to concatenate " + f.concatenated(m[1], m[2])
	}},
	{regexp.MustCompile(`cannot perform \w+ operation between (\w+) and (\w+)$`), func(f *fault, m []string) string {
		return "attempt to perform arithmetic on " + f.arithmetic(m[1], m[2])
	}},
	{regexp.MustCompile(`__unm undefined$`), func(f *fault, m []string) string {
		return "attempt to perform arithmetic on " + f.only()
	}},
	{regexp.MustCompile(`__len undefined$`), func(f *fault, m []string) string {
		return "attempt to get length of " + f.only()
	}},
	{regexp.MustCompile(`attempt to compare (\w+) with (\w+)$`), func(f *fault, m []string) string {
		if m[1] == m[2] {
			return "attempt to compare two " + m[1] + " values"
		}
		return "attempt to compare " + m[1] + " with " + m[2]
	}},
	{regexp.MustCompile(`for statement (init|limit|step) must be a number$`), func(f *fault, m []string) string {
		if m[1] == "init" {
			m[1] = "initial value"
		}
		return "'for' " + m[1] + " must be a number"
	}},
	{regexp.MustCompile(`bad argument #(\d+) to (\S+) \(((?s:.*))\)$`), func(f *fault, m []string) string {
		name := strings.Trim(m[2], "'")
		if i := strings.LastIndexAny(name, ".:"); i >= 0 {
			name = name[i+1:]
		}
		return fmt.Sprintf("bad argument #%s to '%s' (%s)", m[1], name, m[3])
	}},
	{regexp.MustCompile(`can not yield from outside of a coroutine$`), func(*fault, []string) string {
		return noPosition + "attempt to yield across metamethod/C-call boundary"
	}},
	{regexp.MustCompile(`can ?not resume a dead thread$`), func(*fault, []string) string { return "cannot resume dead coroutine" }},
	{regexp.MustCompile(`can not resume a running thread$`), func(*fault, []string) string { return "cannot resume running coroutine" }},
}

// noPosition begins texts that Lua gives no position.
const noPosition = "\x00"

// suspicious are words without which no rewording applies.
var suspicious = []string{"attempt to ", "cannot perform ", " undefined", "for statement ", "bad argument ", "can not "}

// wording replaces gopher-lua's text by Lua's, behind the position.
func wording(L *lua.LState, s string) string {
	found := false
	for _, w := range suspicious {
		found = found || strings.Contains(s, w)
	}
	if !found {
		return s
	}
	for i := range rewordings {
		r := &rewordings[i]
		if at := r.pattern.FindStringSubmatchIndex(s); at != nil {
			text, bare := strings.CutPrefix(r.word(failed(L, 1), r.pattern.FindStringSubmatch(s)), noPosition)
			if bare {
				return text
			}
			return s[:at[0]] + badArgument(L, text)
		}
	}
	return s
}

// badArgument adapts a message about an argument: to Lua the one before the colon of a method call does not count, and one that is not there
// has no type.
func badArgument(L *lua.LState, s string) string {
	var n int
	if _, err := fmt.Sscanf(s, "bad argument #%d to", &n); err != nil {
		return s
	}
	_, rest, _ := strings.Cut(s, " to ")
	if at, ok := L.GetStack(1); ok {
		if given := frameField(at, "NArgs"); given >= 0 && n > given {
			rest = strings.Replace(rest, "got nil)", "got no value)", 1)
		}
	}
	if i := strings.Index(rest, "(thread expected"); i >= 0 {
		rest = rest[:i] + "(coroutine expected)"
	}
	if f := failed(L, 2); f != nil && (int(f.inst>>26) == lua.OP_CALL || int(f.inst>>26) == lua.OP_TAILCALL) {
		if at := f.loaded(f.pc, argA(f.inst)); at >= 0 && int(f.proto.Code[at]>>26) == lua.OP_SELF {
			if n--; n == 0 {
				name, why, _ := strings.Cut(rest, " ")
				return "calling " + name + " on bad self " + why
			}
		}
	}
	return fmt.Sprintf("bad argument #%d to %s", n, rest)
}

// operand describes the value in a register, or a constant if reg has that bit.
func (f *fault) operand(reg int, typ string) string {
	if f != nil && reg >= 0 {
		if kind, name := f.name(f.pc, reg, 0); kind != "" {
			return fmt.Sprintf("%s '%s' (a %s value)", kind, name, typ)
		}
	}
	return "a " + typ + " value"
}

const constantBit = 1 << 8

// typeOf is the type of a register or constant.
func (f *fault) typeOf(reg int) string {
	v := f.value(reg)
	if v == nil {
		return "nil"
	}
	return v.Type().String()
}

func (f *fault) value(reg int) lua.LValue {
	if reg&constantBit != 0 {
		return f.proto.Constants[reg&^constantBit]
	}
	at, ok := f.L.GetStack(1)
	if !ok {
		return nil
	}
	_, v := f.L.GetLocal(at, reg+1)
	return v
}

// indexed is the register of the table in the failed instruction, -1: unknown.
func (f *fault) indexed() int {
	if f == nil {
		return -1
	}
	switch int(f.inst >> 26) {
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS, lua.OP_SELF:
		return argB(f.inst)
	case lua.OP_SETTABLE, lua.OP_SETTABLEKS:
		return argA(f.inst)
	}
	return -1
}

// only describes the one operand of the failed instruction.
func (f *fault) only() string {
	if f == nil {
		return "a nil value"
	}
	b := argB(f.inst)
	return f.operand(b, f.typeOf(b))
}

// arithmetic describes the operand that is no number: the second, if the first is one.
func (f *fault) arithmetic(left, right string) string {
	if f == nil {
		return "a " + left + " value"
	}
	b, c := argB(f.inst), argC(f.inst)
	if v := f.value(b); v != nil {
		if _, ok := capi.ToNumber(v); ok {
			return f.operand(c, right)
		}
	} else if left == "number" {
		return f.operand(c, right)
	}
	return f.operand(b, left)
}

// concatenated describes the operand that is neither string nor number.
func (f *fault) concatenated(left, right string) string {
	bad := left
	if left == "string" || left == "number" {
		bad = right
	}
	if f == nil {
		return "a " + bad + " value"
	}
	for reg := argC(f.inst); reg >= argB(f.inst); reg-- {
		if f.typeOf(reg) == bad {
			return f.operand(reg, bad)
		}
	}
	return "a " + bad + " value"
}

// name says where the value came from: a local variable, or what the instruction that loaded it read.
func (f *fault) name(pc, reg, depth int) (kind, name string) {
	if reg&constantBit != 0 || depth > 8 {
		return "", ""
	}
	if n := f.localName(reg, pc); n != "" {
		return "local", n
	}
	at := f.loaded(pc, reg)
	if at < 0 {
		return "", ""
	}
	inst := f.proto.Code[at]
	switch int(inst >> 26) {
	case lua.OP_GETGLOBAL:
		return "global", f.constant(int(inst & 0x3ffff))
	case lua.OP_MOVE, lua.OP_MOVEN:
		if b := argB(inst); b < argA(inst) {
			return f.name(at, b, depth+1)
		}
	case lua.OP_GETTABLE, lua.OP_GETTABLEKS:
		return "field", f.keyName(argC(inst))
	case lua.OP_GETUPVAL:
		if b := argB(inst); b < len(f.proto.DbgUpvalues) {
			return "upvalue", f.proto.DbgUpvalues[b]
		}
		return "upvalue", "?"
	case lua.OP_SELF:
		return "method", f.keyName(argC(inst))
	}
	return "", ""
}

// localName is the local variable that lives in a register at pc.
func (f *fault) localName(reg, pc int) string {
	for _, v := range f.proto.DbgLocals {
		if v.StartPc > pc {
			break
		}
		if pc < v.EndPc {
			if reg == 0 {
				return v.Name
			}
			reg--
		}
	}
	return ""
}

func (f *fault) constant(i int) string {
	if s, ok := f.proto.Constants[i].(lua.LString); ok {
		return string(s)
	}
	return "?"
}

func (f *fault) keyName(rk int) string {
	if rk&constantBit != 0 {
		return f.constant(rk &^ constantBit)
	}
	return "?"
}

// loaded returns the last instruction before pc that set the register, -1: none.
func (f *fault) loaded(pc, reg int) int {
	last := -1
	for i := 0; i < pc; i++ {
		inst := f.proto.Code[i]
		a := argA(inst)
		switch op := int(inst >> 26); op {
		case lua.OP_LOADNIL:
			if a <= reg && reg <= argB(inst) {
				last = i
			}
		case lua.OP_TFORLOOP:
			if reg >= a+2 {
				last = i
			}
		case lua.OP_CALL, lua.OP_TAILCALL:
			if reg >= a {
				last = i
			}
		case lua.OP_SELF:
			if reg == a || reg == a+1 {
				last = i
			}
		case lua.OP_MOVEN: // followed by more of them
			if reg == a {
				last = i
			}
			for range argC(inst) {
				if i++; argA(f.proto.Code[i]) == reg && i < pc {
					last = i
				}
			}
		case lua.OP_JMP, lua.OP_SETGLOBAL, lua.OP_SETUPVAL, lua.OP_SETTABLE, lua.OP_SETTABLEKS, lua.OP_EQ, lua.OP_LT, lua.OP_LE,
			lua.OP_TEST, lua.OP_RETURN, lua.OP_SETLIST, lua.OP_CLOSE, lua.OP_NOP:
		default:
			if reg == a {
				last = i
			}
		}
	}
	return last
}

// chunkNameMax is how much room Redis's Lua has for what chunkName makes, with the zero behind it.
const chunkNameMax = 80

// chunkName is how messages show the name of a chunk that load was given.
func chunkName(name string) string {
	if rest, ok := strings.CutPrefix(name, "="); ok {
		return rest[:min(len(rest), chunkNameMax-1)]
	}
	if rest, ok := strings.CutPrefix(name, "@"); ok {
		const max = chunkNameMax - len(" '...' ") - 1
		if len(rest) > max {
			rest = "..." + rest[len(rest)-max:]
		}
		return rest
	}
	const max = chunkNameMax - len(` [string "..."] `) - 1
	line := name
	if i := strings.IndexAny(name, "\r\n"); i >= 0 {
		line = name[:i]
	}
	if line = line[:min(len(line), max)]; len(line) < len(name) {
		line += "..."
	}
	return `[string "` + line + `"]`
}

// stringMax bounds the strings that scripts make, in bytes.
const stringMax = 512 << 20

// syntaxError puts the position of a compiler's message where Lua has it.
func syntaxError(name string, err error) error {
	if p, ok := err.(*parse.Error); ok {
		near := p.Token
		if p.Pos.Line == parse.EOF {
			near = "<eof>"
		}
		line := max(p.Pos.Line, 1)
		return fmt.Errorf("%s:%d: %s near '%s'", name, line, strings.TrimSpace(p.Message), near)
	}
	return err
}
