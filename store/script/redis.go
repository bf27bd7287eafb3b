package script

import (
	"crypto/sha1"
	"encoding/hex"
	"strings"

	lua "github.com/yuin/gopher-lua"

	"spindle/store/script/capi"
)

// The redis table: commands, replies, the log.

// Levels of redis.log.
const (
	LogDebug = iota
	LogVerbose
	LogNotice
	LogWarning
)

func (e *Engine) openRedis() *lua.LTable {
	L := e.L
	t := L.CreateTable(0, 32)
	for name, f := range map[string]lua.LGFunction{
		"call": e.redisCall, "pcall": e.redisPcall, "log": e.redisLog, "sha1hex": e.redisSha1hex,
		"error_reply": e.redisErrorReply, "status_reply": e.redisStatusReply, "setresp": e.redisSetresp,
		"set_repl": e.redisSetRepl, "replicate_commands": redisTrue, "breakpoint": redisBreakpoint, "debug": redisNothing,
		"acl_check_cmd": e.redisAclCheckCmd,
	} {
		t.RawSetString(name, L.NewFunction(f))
	}
	for name, n := range map[string]int{
		"LOG_DEBUG": LogDebug, "LOG_VERBOSE": LogVerbose, "LOG_NOTICE": LogNotice, "LOG_WARNING": LogWarning,
		"REPL_NONE": ReplNone, "REPL_AOF": ReplAOF, "REPL_SLAVE": ReplReplica, "REPL_REPLICA": ReplReplica, "REPL_ALL": ReplAll,
	} {
		t.RawSetString(name, lua.LNumber(n))
	}
	t.RawSetString("REDIS_VERSION", lua.LString(e.version))
	t.RawSetString("REDIS_VERSION_NUM", lua.LNumber(versionNumber(e.version)))
	return t
}

// versionNumber packs "7.0.15" as 0x0007000f is packed.
func versionNumber(version string) int {
	n := 0
	for _, part := range strings.SplitN(version, ".", 3) {
		n = n<<8 | length([]byte(part))
	}
	return n
}

// argBuffer holds the arguments of one command as bytes.
type argBuffer struct {
	buf  []byte
	ends []int
	args [][]byte
}

// add appends an argument; false: it is neither string nor number.
func (a *argBuffer) add(v lua.LValue) bool {
	switch v := v.(type) {
	case lua.LString:
		a.buf = append(a.buf, v...)
	case lua.LNumber:
		a.buf = appendG(a.buf, float64(v), 17)
	default:
		return false
	}
	a.ends = append(a.ends, len(a.buf))
	return true
}

// argBytesKept is how much buffer stays for the next command.
const argBytesKept = 64 << 10

// take collects the arguments of the running function. They are valid until the next call.
func (a *argBuffer) take(L *lua.LState) ([][]byte, string) {
	if cap(a.buf) > argBytesKept {
		a.buf = nil
	}
	a.buf, a.ends, a.args = a.buf[:0], a.ends[:0], a.args[:0]
	n := L.GetTop()
	if n == 0 {
		return nil, "Please specify at least one argument for this redis lib call"
	}
	for i := 1; i <= n; i++ {
		if !a.add(L.Get(i)) {
			return nil, "Lua redis lib command arguments must be strings or integers"
		}
	}
	start := 0
	for _, end := range a.ends {
		a.args = append(a.args, a.buf[start:end:end])
		start = end
	}
	return a.args, ""
}

func (e *Engine) redisCall(L *lua.LState) int {
	v, failed := e.command(L)
	if failed {
		L.Error(v, 1)
	}
	L.Push(v)
	return 1
}

func (e *Engine) redisPcall(L *lua.LState) int {
	v, _ := e.command(L)
	L.Push(v)
	return 1
}

// command runs the command that the arguments are.
func (e *Engine) command(L *lua.LState) (v lua.LValue, failed bool) {
	args, bad := e.args.take(L)
	if bad != "" {
		return errorTable(L, bad), true
	}
	if cap(e.reply) > argBytesKept {
		e.reply = nil
	}
	reply, err := e.host.Call(args, e.proto, e.reply[:0])
	e.reply = reply
	if err != nil {
		return commandError(L, err.Error()), true
	}
	v = e.toLua(reply)
	return v, len(reply) > 0 && reply[0] == '-'
}

// redisLog takes a level and anything printable.
func (e *Engine) redisLog(L *lua.LState) int {
	if L.GetTop() < 2 {
		L.Error(errorTable(L, "redis.log() requires two arguments or more."), 1)
	}
	level, ok := L.Get(1).(lua.LNumber)
	if !ok {
		L.Error(errorTable(L, "First argument must be a number (log level)."), 1)
	}
	if level < LogDebug || level > LogWarning {
		L.Error(errorTable(L, "Invalid debug level."), 1)
	}
	var words []string
	for i := 2; i <= L.GetTop(); i++ {
		if s, ok := text(L.Get(i)); ok {
			words = append(words, s)
		}
	}
	e.host.Log(int(level), strings.Join(words, " "))
	return 0
}

func (e *Engine) redisSha1hex(L *lua.LState) int {
	if L.GetTop() != 1 {
		L.Error(errorTable(L, "wrong number of arguments"), 1)
	}
	s, _ := text(L.Get(1))
	L.Push(lua.LString(SHA1([]byte(s))))
	return 1
}

// SHA1 is the name of a script: 40 hexadecimal digits.
func SHA1(body []byte) string {
	sum := sha1.Sum(body)
	return hex.EncodeToString(sum[:])
}

func (e *Engine) redisErrorReply(L *lua.LState) int {
	s, ok := L.Get(1).(lua.LString)
	if L.GetTop() != 1 || !ok {
		L.Push(errorTable(L, "wrong number or type of arguments"))
		return 1
	}
	// Unlike other errors it may come with its code and without the minus sign.
	body := string(s)
	if !strings.HasPrefix(body, "-") {
		body = "-" + body
	}
	L.Push(errorTable(L, body))
	return 1
}

func (e *Engine) redisStatusReply(L *lua.LState) int {
	s, ok := L.Get(1).(lua.LString)
	if L.GetTop() != 1 || !ok {
		L.Push(errorTable(L, "wrong number or type of arguments"))
		return 1
	}
	L.Push(single(L, "ok", s))
	return 1
}

func (e *Engine) redisSetresp(L *lua.LState) int {
	if L.GetTop() != 1 {
		L.Error(errorTable(L, "redis.setresp() requires one argument."), 1)
	}
	n, ok := capi.ToNumber(L.Get(1))
	if !ok || (int(n) != 2 && int(n) != 3) {
		L.Error(errorTable(L, "RESP version must be 2 or 3."), 1)
	}
	e.proto = int(n)
	return 0
}

func (e *Engine) redisSetRepl(L *lua.LState) int {
	if L.GetTop() != 1 {
		L.Error(errorTable(L, "redis.set_repl() requires two arguments."), 1)
	}
	n, _ := capi.ToNumber(L.Get(1))
	flags := int(n)
	if flags&^ReplAll != 0 {
		L.Error(errorTable(L, "Invalid replication flags. Use REPL_AOF, REPL_REPLICA, REPL_ALL or REPL_NONE."), 1)
	}
	e.host.SetReplication(flags)
	return 0
}

// redisTrue is replicate_commands: a script's effects are what is logged, always.
func redisTrue(L *lua.LState) int {
	L.Push(lua.LTrue)
	return 1
}

// redisBreakpoint tells that there is no debugger to stop in.
func redisBreakpoint(L *lua.LState) int {
	L.Push(lua.LFalse)
	return 1
}

// redisNothing is redis.debug, which speaks to the debugger.
func redisNothing(L *lua.LState) int { return 0 }

func (e *Engine) redisAclCheckCmd(L *lua.LState) int {
	args, bad := e.args.take(L)
	if bad != "" {
		L.Error(errorTable(L, bad), 1)
	}
	may, err := e.host.MayRun(args)
	if err != nil {
		L.Error(errorTable(L, "Invalid command passed to redis.acl_check_cmd()"), 1)
	}
	L.Push(lua.LBool(may))
	return 1
}
