// Package durability kills a server with SIGKILL while clients write, starts
// it again and judges what came back.
//
// Each connection numbers its writes 1, 2, 3 ... and does write n once to every
// probe: a probe is a key whose whole value can be computed from the number of
// writes that it has seen. SET of n, INCR, APPEND of one byte, HSET of field n,
// HINCRBY of one field in 512 and so on: a lost write in the middle, one done
// twice, or one done in the wrong order makes a value that no number explains.
// The probes of a connection also hold each other: as its commands are executed
// in order, each has seen as many writes as the one before, or one less.
//
// What comes back may thus only be a prefix of what each connection sent. How
// long it must be depends on the fsync policy: with "always" it holds every
// write whose reply the client has read, with "everysec" every write whose
// reply is older than MaxLoss.
//
// In some cycles a rewrite of the log runs at the kill. Ballast, keys that do
// not change, makes the rewrites long enough to hit and is compared too.
package durability

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"time"

	"spindle/bench/client"
	"spindle/bench/servers"
)

// MaxLoss is how much time's worth of acknowledged writes everysec may lose.
const MaxLoss = 2 * time.Second

// Config says what to do to which server.
type Config struct {
	Policy   string // appendfsync: always or everysec
	Cycles   int    // kills
	Rewrites int    // of these, how many with a rewrite running
	Conns    int    // connections that write; 8 when zero
	Ballast  int    // keys that never change
	Seed     uint64 // of the moments of the kills
	// Load is the shortest time of writing before a kill; when zero half a
	// second for always, and MaxLoss and some for everysec.
	Load time.Duration
	// Start runs the server with extra arguments.
	Start func(args ...string) (*servers.Server, error)
	// Tick hears about the progress; may be nil.
	Tick func(cycle int, what string)

	// tamper, in tests, damages the log of a killed server.
	tamper func(s *servers.Server) error
}

// Result sums up all cycles. Writes are counted once per probe.
type Result struct {
	Cycles       int
	RewriteKills int           // kills that hit a running rewrite
	Acked        int64         // writes whose reply was read
	Recovered    int64         // writes that came back
	Lost         int64         // acknowledged writes that did not come back
	MaxLost      int64         // the most in one cycle
	MaxLostAge   time.Duration // how long before a kill the oldest lost write had been acknowledged
	Skipped      []string      // probes, and BGREWRITEAOF, that the server does not know
}

// A Violation says that a server broke its promise.
type Violation struct {
	Cycle int
	What  string
}

func (v *Violation) Error() string { return fmt.Sprintf("cycle %d: %s", v.Cycle, v.What) }

// Run goes through all cycles. Its error is a *Violation when the server broke
// a promise, and something else when the cycles could not be done. The result
// covers the cycles until then.
func Run(cfg Config) (*Result, error) {
	if cfg.Policy != "always" && cfg.Policy != "everysec" {
		return nil, fmt.Errorf("unknown fsync policy %q", cfg.Policy)
	}
	if cfg.Conns == 0 {
		cfg.Conns = 8
	}
	if cfg.Load == 0 {
		cfg.Load = 500 * time.Millisecond
		if cfg.Policy == "everysec" {
			cfg.Load = MaxLoss + 500*time.Millisecond
		}
	}
	s, err := cfg.Start("--appendonly", "yes", "--appendfsync", cfg.Policy, "--auto-aof-rewrite-percentage", "0")
	if err != nil {
		return nil, err
	}
	defer s.Stop()
	r := &run{Config: cfg, server: s, rng: rand.New(rand.NewPCG(cfg.Seed, 2)), result: &Result{}}
	if err := r.prepare(); err != nil {
		return r.result, err
	}
	for cycle := 1; cycle <= cfg.Cycles; cycle++ {
		if err := r.cycle(cycle); err != nil {
			if v := new(Violation); errors.As(err, &v) {
				v.Cycle = cycle
			}
			return r.result, err
		}
		r.result.Cycles = cycle
	}
	return r.result, nil
}

type run struct {
	Config
	server *servers.Server
	rng    *rand.Rand
	probes []probe
	hashes bool // the server has them, so a part of the ballast is hashes
	result *Result
	// rewriteTook is the length of the last undisturbed rewrite: a kill at a
	// random moment within it hits any phase.
	rewriteTook time.Duration
}

func (r *run) tick(cycle int, format string, a ...any) {
	if r.Tick != nil {
		r.Tick(cycle, fmt.Sprintf(format, a...))
	}
}

// prepare finds out which probes the server knows and loads the ballast.
func (r *run) prepare() error {
	c, err := client.Dial(r.server.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for _, p := range probes {
		if known, err := knows(c, p.command); err != nil {
			return err
		} else if !known {
			r.result.Skipped = append(r.result.Skipped, p.name)
			continue
		}
		r.probes = append(r.probes, p)
		r.hashes = r.hashes || p.command == "HSET"
	}
	r.tick(0, "loading %d keys", r.Ballast)
	if err := client.Load(r.server.Addr, r.Ballast, r.putBallast, nil); err != nil {
		return err
	}
	if r.Rewrites == 0 {
		return nil
	}
	start := time.Now()
	switch err := rewriteAndWait(c); {
	case isUnknown(err):
		r.Rewrites = 0
		r.result.Skipped = append(r.result.Skipped, "BGREWRITEAOF")
	case err != nil:
		return err
	}
	r.rewriteTook = time.Since(start)
	return nil
}

// logBytesMax is what the log may grow to before a cycle starts with a rewrite.
const logBytesMax = 256 << 20

// cycle writes, kills, restarts and judges. The keys of the cycle before are
// deleted first and the log is rewritten now and then, so that neither the data
// nor the time to load it grows without end.
func (r *run) cycle(n int) error {
	if err := r.forget(n - 1); err != nil {
		return err
	}
	withRewrite := n*r.Rewrites/r.Cycles > (n-1)*r.Rewrites/r.Cycles
	r.tick(n, "writing, rewrite at the kill: %v", withRewrite)
	writers, err := r.startWriters(n)
	if err != nil {
		return err
	}
	hit, err := r.waitForKill(withRewrite)
	killed := time.Now()
	r.server.Kill()
	if werr := waitWriters(writers); err == nil {
		err = werr
	}
	if err != nil {
		return err
	}
	if hit {
		r.result.RewriteKills++
	}
	if r.tamper != nil {
		if err := r.tamper(r.server); err != nil {
			return err
		}
	}
	r.tick(n, "restarting")
	if err := r.server.Restart(); err != nil {
		return &Violation{What: "the server does not start any more: " + err.Error()}
	}
	r.tick(n, "checking")
	return r.judge(n, killed, writers)
}

// waitForKill returns at the moment of the kill, and whether a rewrite runs.
func (r *run) waitForKill(withRewrite bool) (bool, error) {
	time.Sleep(r.Load + time.Duration(r.rng.Int64N(int64(r.Load/2+1))))
	if !withRewrite {
		return false, nil
	}
	c, err := client.Dial(r.server.Addr)
	if err != nil {
		return false, err
	}
	defer c.Close()
	// A rewrite may be over before we have waited: then the next one is tried.
	for range 20 {
		if _, err := c.Do("BGREWRITEAOF"); err != nil {
			return false, err
		}
		time.Sleep(time.Duration(r.rng.Int64N(int64(r.rewriteTook + 1))))
		if running, err := rewriting(c); running || err != nil {
			return running, err
		}
	}
	return false, nil
}

// forget deletes the keys of a cycle.
func (r *run) forget(cycle int) error {
	if cycle < 1 {
		return nil
	}
	c, err := client.Dial(r.server.Addr)
	if err != nil {
		return err
	}
	defer c.Close()
	for conn := range r.Conns {
		for _, p := range r.probes {
			if _, err := c.Do(append([]string{"DEL"}, p.keys(keyPrefix(cycle, conn))...)...); err != nil {
				return err
			}
		}
	}
	info, err := c.Info("persistence")
	if size, _ := strconv.ParseInt(info["aof_current_size"], 10, 64); err != nil || size < logBytesMax {
		return err
	}
	return rewriteAndWait(c)
}

func rewriting(c *client.Conn) (bool, error) {
	info, err := c.Info("persistence")
	return info["aof_rewrite_in_progress"] == "1", err
}

func rewriteAndWait(c *client.Conn) error {
	if _, err := c.Do("BGREWRITEAOF"); err != nil {
		return err
	}
	for range 60000 {
		time.Sleep(time.Millisecond)
		info, err := c.Info("persistence")
		if err != nil {
			return err
		}
		if info["aof_rewrite_in_progress"] == "0" && info["aof_rewrite_scheduled"] == "0" {
			return nil
		}
	}
	return errors.New("the rewrite does not end")
}

// knows reports whether the server has a command.
func knows(c *client.Conn, name string) (bool, error) {
	r, err := c.Do("COMMAND", "INFO", name)
	return err == nil && len(r.Elems) == 1 && r.Elems[0].Kind == '*', err
}

func isUnknown(err error) bool {
	e, ok := err.(client.Error)
	return ok && strings.HasPrefix(string(e), "ERR unknown command")
}
