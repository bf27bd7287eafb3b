// Package script runs Lua scripts for the server, on gopher-lua (Lua 5.1).
//
// It knows no keyspace and no clients: what a script does to the data goes through a Host. The package is the language and
// the sandbox: which globals there are and that they cannot be written (sandbox.go), the redis table (redis.go), how replies
// become values and values replies (reply.go), what an error says (failure.go), how long and how much memory a script
// may take (limit.go).
//
//	engine.go   the virtual machine; compiling and running
//	opcode.go   three instructions that Lua 5.1 defines otherwise than gopher-lua
//	lib_*.go    the standard library where gopher-lua's differs from Lua's, or where it reaches out of the sandbox
//
// An Engine belongs to one goroutine at a time and is used again for each script: a virtual machine takes far
// longer to make than a small script to run.
package script

import (
	"fmt"
	"strings"

	lua "github.com/yuin/gopher-lua"
	"github.com/yuin/gopher-lua/parse"

	"spindle/resp"
)

// Host is what scripts act on.
type Host interface {
	// Call runs a command and appends its reply to out, in RESP version proto. args are borrowed by the host. An error
	// is one that the command was refused with or answered.
	Call(args [][]byte, proto int, out []byte) ([]byte, error)
	// MayRun tells whether the user of the script may run the command. An error says that there is no such command.
	MayRun(args [][]byte) (bool, error)
	// Tick is called every few milliseconds from inside a script, and only then. It may take its time, and
	// runs on the engine's goroutine. An error ends the script, which cannot catch it.
	Tick() error
	// Log writes a line to the server's log; level is one of redis.LOG_*.
	Log(level int, text string)
	// CountError counts an error reply that no command answered.
	CountError(err error)
	// SetReplication says where the commands from now on have effects besides the data: a sum of Repl*.
	SetReplication(where int)
}

// Where the effects of a script's commands go.
const (
	ReplNone    = 0
	ReplAOF     = 1
	ReplReplica = 2
	ReplAll     = ReplAOF | ReplReplica
)

// ChunkName is what scripts of EVAL are called in messages.
const ChunkName = "user_script"

// Engine is a virtual machine with its sandbox.
type Engine struct {
	L    *lua.LState
	host Host
	// Version is what redis.REDIS_VERSION says.
	version string

	globals      *lua.LTable
	onError      *lua.LFunction // of the script
	onInnerError *lua.LFunction // of pcall
	limit        limiter
	proto        int // RESP version of replies that redis.call gets
	random       lrand48
	args         argBuffer
	reply        []byte
	depth        int
	abandoned    bool // the machine is in an unknown state: a new one has to be made
	opened       []func(L *lua.LState)
}

// Options are what an Engine needs to know.
type Options struct {
	Host    Host
	Version string // redis.REDIS_VERSION
	// Libraries are opened besides the standard ones; each sets a global table.
	Libraries []func(L *lua.LState)
}

// New returns an engine.
func New(o Options) *Engine {
	e := &Engine{host: o.Host, version: o.Version, opened: o.Libraries}
	e.start()
	return e
}

const (
	// Lua 5.1 allows 20000 calls within calls (LUAI_MAXCALLS).
	callsMax = 20000
	// stackSlotsMax bounds the values on the stack, 16 bytes each.
	stackSlotsMax = 1 << 20
	stackSlots    = 1024
)

// start makes the virtual machine.
func (e *Engine) start() {
	e.L = lua.NewState(lua.Options{
		CallStackSize:       callsMax,
		MinimizeStackMemory: true,
		RegistrySize:        stackSlots,
		RegistryMaxSize:     stackSlotsMax,
		RegistryGrowStep:    stackSlots,
		SkipOpenLibs:        true,
	})
	e.limit.host = e.host
	e.limit.bind(e.L)
	e.abandoned = false
	e.random.seed(0)
	e.openSandbox()
}

// Compile translates a chunk. The error is Lua's message, with its position.
func (e *Engine) Compile(name, source string) (proto *lua.FunctionProto, err error) {
	defer func() {
		if p := recover(); p != nil {
			proto, err = nil, fmt.Errorf("%s: %v", name, p)
		}
	}()
	if len(source) > sourceMax {
		return nil, fmt.Errorf("%s: %w", name, errSource)
	}
	if err := checkSyntax(name, source); err != nil {
		return nil, err
	}
	chunk, err := parse.Parse(strings.NewReader(source), name)
	if err != nil {
		return nil, syntaxError(name, err)
	}
	if err := checkSize(chunk); err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if proto, err = lua.Compile(chunk, name); err != nil {
		return nil, syntaxError(name, err)
	}
	proto.IsVarArg &^= lua.VarArgNeedsArg // the table arg, which chunks do not have, would be made for each run
	return proto, nil
}

// Function makes a function of a chunk, with the sandbox's globals.
func (e *Engine) Function(proto *lua.FunctionProto) *lua.LFunction {
	return e.L.NewFunctionFromProto(proto)
}

// Call is one run of a script.
type Call struct {
	Fn         *lua.LFunction
	Keys, Args [][]byte // copied
	// AsArguments has Keys and Args passed as the function's arguments, as FCALL does; otherwise they are the globals KEYS and ARGV.
	AsArguments bool
}

// Run calls a function and appends what it returns to out as a reply. If it fails, nothing is written.
func (e *Engine) Run(c Call, out *resp.Writer) *Failure {
	if e.depth > 0 {
		return &Failure{Text: "ERR a script cannot run scripts"}
	}
	e.depth++
	e.proto = 2
	err := e.run(c, out)
	e.depth--
	if err == nil {
		return nil
	}
	return e.failure(err)
}

func (e *Engine) run(c Call, out *resp.Writer) error {
	L := e.L
	L.G.CurrentThread = L
	e.limit.begin()
	defer e.limit.end()
	keys, args := e.list(c.Keys), e.list(c.Args)
	L.Push(c.Fn)
	n := 0
	if c.AsArguments {
		L.Push(keys)
		L.Push(args)
		n = 2
	} else {
		e.globals.RawSetString("KEYS", keys)
		e.globals.RawSetString("ARGV", args)
	}
	if err := L.PCall(n, 1, e.onError); err != nil {
		return err
	}
	v := L.Get(-1)
	L.Pop(1)
	e.writeReply(out, v)
	return nil
}

// list makes a table of strings.
func (e *Engine) list(items [][]byte) *lua.LTable {
	t := e.L.CreateTable(len(items), 0)
	for i, b := range items {
		t.RawSetInt(i+1, lua.LString(b))
	}
	return t
}

// Abandoned reports that the last run left the machine in a state that is not known. Functions made before Restart
// are of no use after it.
func (e *Engine) Abandoned() bool { return e.abandoned }

// Restart makes a new virtual machine.
func (e *Engine) Restart() { e.start() }

// MachineBytes is about what a virtual machine with its sandbox takes, as measured when it is new.
const MachineBytes = 96 << 10
