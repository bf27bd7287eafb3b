package main

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"time"

	"spindle/bench/client"
	"spindle/bench/proc"
	"spindle/bench/report"
	"spindle/bench/servers"
)

// A side is one of the two servers that are compared.
type side int

const (
	redis side = iota
	spindle
)

var sides = []side{redis, spindle}

func (s side) String() string { return [...]string{"redis", "spindle"}[s] }

// readyTimeout is the patience with a server that loads millions of keys.
const readyTimeout = 10 * time.Minute

// A bench is one run of the program.
type bench struct {
	opt      *options
	progress *report.Progress
	origin   report.Origin
	bins     [2]string // by side
	cores    []int     // that we may use; pinning needs two
	broken   error     // promises that were found broken, for the exit status

	mu      sync.Mutex
	running map[*servers.Server]bool
}

func newBench(opt *options) (*bench, error) {
	b := &bench{opt: opt, running: map[*servers.Server]bool{}, cores: proc.Cores()}
	var err error
	if b.bins[redis], err = exec.LookPath(opt.redis); err != nil {
		return nil, servers.ErrNoRedis
	}
	if opt.spindle != "" {
		b.bins[spindle], err = exec.LookPath(opt.spindle)
	} else {
		b.bins[spindle], err = servers.Build()
	}
	if err != nil {
		return nil, err
	}
	b.progress = report.NewProgress(os.Stderr)
	b.origin = report.Origin{
		Machine: proc.Machine(),
		Servers: []string{version(b.bins[redis]), version(b.bins[spindle])},
		Client:  version("redis-benchmark") + ", " + runtime.Version(),
		Pinning: b.pinning(),
		Date:    time.Now(),
		Command: commandLine(),
	}
	return b, nil
}

// close stops all servers and removes the build.
func (b *bench) close() {
	b.stopServers()
	servers.Clean()
}

func (b *bench) stopServers() {
	b.mu.Lock()
	defer b.mu.Unlock()
	for s := range b.running {
		s.Stop()
	}
	clear(b.running)
}

// setting is how a section runs its servers.
type setting struct {
	pinned  bool // on their own core
	gctrace bool // a Go program logs its collections
}

// start runs the server of one side with extra arguments. stop ends it.
func (b *bench) start(who side, how setting, args ...string) (*servers.Server, error) {
	return b.startBin(b.bins[who], how, args...)
}

func (b *bench) startBin(bin string, how setting, args ...string) (*servers.Server, error) {
	setup := servers.Setup{Ready: readyTimeout}
	if how.gctrace {
		setup.Env = []string{"GODEBUG=gctrace=1"}
	}
	switch {
	case how.pinned && b.canPin():
		setup.Begin = func(cmd *exec.Cmd) error { return proc.StartOn(cmd, b.cores[0]) }
	case len(b.cores) > 0:
		setup.Begin = func(cmd *exec.Cmd) error { return proc.StartOn(cmd, b.cores...) }
	}
	s, err := setup.Start(bin, args...)
	if err != nil {
		return nil, err
	}
	b.mu.Lock()
	b.running[s] = true
	b.mu.Unlock()
	return s, nil
}

func (b *bench) stop(s *servers.Server) {
	b.mu.Lock()
	delete(b.running, s)
	b.mu.Unlock()
	s.Stop()
}

// startBoth runs both servers, in the order of sides.
func (b *bench) startBoth(how setting, args ...string) (pair [2]*servers.Server, err error) {
	for _, who := range sides {
		if pair[who], err = b.start(who, how, args...); err != nil {
			return pair, err
		}
	}
	return pair, nil
}

// pinClient confines this process, and the redis-benchmark that it starts, to
// the client's core, or sets it free again.
func (b *bench) pinClient(pinned bool) {
	switch {
	case pinned && b.canPin():
		proc.PinSelf(b.cores[1])
	case len(b.cores) > 0:
		proc.PinSelf(b.cores...)
	}
}

func (b *bench) canPin() bool { return len(b.cores) >= 2 }

func (b *bench) pinning() string {
	if !b.canPin() {
		return "none: this needs two cores and a system that confines processes to them"
	}
	return fmt.Sprintf("speed, commands, latency: servers on core %d, client on core %d; otherwise none", b.cores[0], b.cores[1])
}

// logArgs are the arguments that turn the log on or off. It grows as it likes:
// a rewrite at a moment of the server's choosing would be in the figures.
func logArgs(on bool) []string {
	if !on {
		return []string{"--appendonly", "no"}
	}
	return []string{"--appendonly", "yes", "--appendfsync", "everysec", "--auto-aof-rewrite-percentage", "0"}
}

func version(bin string) string {
	out, err := exec.Command(bin, "--version").Output()
	if err != nil {
		return bin
	}
	v := strings.TrimSpace(string(out))
	v, _, _ = strings.Cut(v, " sha=") // redis-server adds its build here
	return v
}

// unknownCommand reports whether the server does not have the command.
func unknownCommand(err error) bool {
	var e client.Error
	return errors.As(err, &e) && strings.HasPrefix(string(e), "ERR unknown command")
}

// brief is the text of an error without the arguments that the server repeats.
func brief(err error) string {
	text, _, _ := strings.Cut(err.Error(), ", with args")
	return text
}
