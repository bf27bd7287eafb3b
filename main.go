// Spindle is a Redis-compatible in-memory database: one event loop, a keyspace the garbage
// collector does not scan, and an append-only log.
//
//	spindle [redis.conf | -] [--option value ...]
package main

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/signal"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"

	"spindle/aof"
	"spindle/loop"
	"spindle/store/command"
	"spindle/store/config"
	"spindle/store/config/process"
	"spindle/store/config/serverlog"
)

func main() {
	process.AwaitRestart()
	cfg, info, err := config.Load(os.Args[1:], os.Stdin)
	if info.Stdin != "" {
		serverlog.New().Logf(config.LogWarning, "Reading config from stdin")
	}
	if err != nil {
		complain(err)
		os.Exit(1)
	}
	switch info.Action {
	case config.ShowVersion:
		fmt.Println(command.VersionLine())
		return
	case config.ShowHelp:
		fmt.Fprintf(os.Stderr, config.Usage, "./spindle")
		os.Exit(1)
	}
	if err := command.CheckConfig(cfg); err != nil {
		complain(err)
		os.Exit(1)
	}
	stop := process.Profile()
	status := run(cfg, info)
	stop()
	os.Exit(status)
}

// complain says why the configuration is unusable, the way that Redis says it.
func complain(err error) {
	var l *config.LoadError
	if errors.As(err, &l) && l.Log {
		serverlog.New().Logf(config.LogWarning, "%s", l.Text)
		return
	}
	fmt.Fprintln(os.Stderr, err)
}

// run serves until it is asked to stop and returns the exit status.
func run(cfg *config.Config, info config.LoadInfo) int {
	signal.Ignore(syscall.SIGPIPE, syscall.SIGHUP)
	// One processor for the loop, one or more for the log's writer and the collector, even on a single core: with
	// only one, a system call of the writer would stop the loop.
	runtime.GOMAXPROCS(min(max(runtime.NumCPU(), 2), 4))
	log := serverlog.New()
	logf := logfOf(log)
	fail := func(err error) int {
		logf(aof.Warning, "%v", err)
		return 1
	}
	if err := log.Configure(cfg); err != nil { // no syslog, but the rest of the log
		logf(aof.Warning, "%v", err)
	}
	daemon := process.IsDaemon()
	supervisor, err := process.Supervise(cfg.Supervised)
	if err != nil {
		logf(aof.Warning, "%v", err)
	}
	if cfg.Daemonize && !daemon && !supervisor.Active() {
		if err := process.Daemonize(info.Stdin); err != nil {
			return fail(err)
		}
		return 0
	}
	greet(cfg, info, logf)
	var l *loop.Loop
	s := newServer(cfg, &l, log, daemon, supervisor)
	log.SetRole(serverlog.Master)
	followConfig(cfg, &l, logf)
	cfg.OnChange("loglevel", func() error { log.SetLevel(cfg.Loglevel); return nil })
	fitMaxClients(cfg, logf)
	if (cfg.Port == 0 || len(cfg.Bind) == 0) && cfg.Unixsocket == "" {
		return fail(errors.New("Configured to not listen anywhere, exiting."))
	}
	l, err = loop.Listen(listenConfig(cfg, logf), handler{s, &l})
	if err != nil {
		return fail(listenFailure(err, cfg.Port, logf))
	}
	if err := writePidfile(cfg, daemon); err != nil { // now that no other server has the port
		logf(aof.Warning, "Failed to write PID file: %v", err)
	}
	defer process.RemovePidfile(cfg.Path(cfg.Pidfile))
	if err := s.LoadUsers(); err != nil {
		return fail(err)
	}
	supervisor.Status("Redis is loading...")
	var failure error
	s.Load(progress(), func(err error) {
		if failure = err; err != nil {
			l.Shutdown()
			return
		}
		if cfg.Port != 0 {
			logf(aof.Notice, "Ready to accept connections")
		}
		if cfg.Unixsocket != "" {
			logf(aof.Notice, "The server is now ready to accept connections at %s", cfg.Unixsocket)
		}
		supervisor.Ready("Ready to accept connections")
	})
	go onSignal(s, l)
	if err := l.Run(); err != nil {
		return fail(err)
	}
	if failure != nil {
		return fail(failure)
	}
	supervisor.Stopping()
	if err := s.CloseLog(); err != nil {
		return fail(err)
	}
	logf(aof.Warning, "Redis is now ready to exit, bye bye...")
	return 0
}

// greet writes the first lines of the log.
func greet(cfg *config.Config, info config.LoadInfo, logf func(aof.Level, string, ...any)) {
	logf(aof.Warning, "oO0OoO0OoO0Oo Spindle is starting oO0OoO0OoO0Oo")
	logf(aof.Warning, "Spindle version=%s, bits=64, pid=%d, just started", command.SpindleVersion, os.Getpid())
	if info.Given {
		logf(aof.Warning, "Configuration loaded")
	} else {
		logf(aof.Warning, "Warning: no config file specified, using the default config. In order to specify a config file use spindle /path/to/redis.conf")
	}
	for _, w := range cfg.Warnings {
		logf(aof.Warning, "%s", w)
	}
}

// writePidfile writes the pid file that was asked for; a server in the background always has one.
func writePidfile(cfg *config.Config, daemon bool) error {
	if daemon && cfg.Pidfile == "" {
		cfg.Pidfile = process.DefaultPidfile
	}
	if cfg.Pidfile == "" {
		return nil
	}
	return process.WritePidfile(cfg.Path(cfg.Pidfile))
}

// logfOf writes to log what aof and loop have to say.
func logfOf(log *serverlog.Logger) func(level aof.Level, format string, args ...any) {
	return func(level aof.Level, format string, args ...any) {
		log.Logf(config.Loglevel(level), format, args...)
	}
}

// newServer makes the command server; l is set before it is used.
func newServer(cfg *config.Config, l **loop.Loop, log *serverlog.Logger, daemon bool, supervisor process.Supervisor) *command.Server {
	start := time.Now()
	return command.New(cfg, command.Env{
		UnixNano: func() int64 { return time.Now().UnixNano() },
		MonoNano: func() int64 { return int64(time.Since(start)) },
		CPUTime:  loop.CPUTime,
		Rand:     rand.New(rand.NewPCG(uint64(start.UnixNano()), uint64(os.Getpid()))),
		Post:     func(f func()) { (*l).Post(f) },
		After: func(nanos int64, f func()) func() {
			t := (*l).After(time.Duration(nanos), f)
			return func() { t.Stop() }
		},
		Logf:    logfOf(log),
		Raw:     log.Raw,
		Print:   func(text string) { fmt.Print(text) },
		Process: describeProcess(supervisor),
		Stop:    func() { (*l).Shutdown() },
		Abort:   process.Abort,
		Restart: func(delay time.Duration) error { return process.Restart(delay, daemon) },
	})
}

// listenFailure words a failure of loop.Listen as Redis does.
func listenFailure(err error, port int, logf func(aof.Level, string, ...any)) error {
	if errors.Is(err, loop.ErrUnixSocket) || port == 0 {
		return fmt.Errorf("Failed opening Unix socket: %w", err)
	}
	text := err.Error()
	logf(aof.Warning, "Warning: %s%s", strings.ToUpper(text[:1]), text[1:])
	return fmt.Errorf("Failed listening on port %d (TCP), aborting.", port)
}

// describeProcess returns what INFO asks about the process.
func describeProcess(supervisor process.Supervisor) func() command.ProcessInfo {
	system, executable := process.SystemName(), process.Executable()
	return func() command.ProcessInfo {
		u := process.CurrentUsage()
		return command.ProcessInfo{
			PID: os.Getpid(), RSS: u.RSS, TotalMemory: u.TotalMemory,
			UserCPU: u.User, SystemCPU: u.System, ChildUser: u.ChildrenUser, ChildSystem: u.ChildrenSystem,
			OS: system, Executable: executable, Supervised: supervisor.String(),
		}
	}
}

// progress returns a function that shows how far loading is, if standard output is a terminal.
func progress() func(done, total int64) {
	const worthShowing = 64 << 20
	if st, err := os.Stdout.Stat(); err != nil || st.Mode()&os.ModeCharDevice == 0 {
		return nil
	}
	shown := int64(-1)
	return func(done, total int64) {
		percent := done * 100 / max(total, 1)
		if total < worthShowing || percent == shown {
			return
		}
		shown = percent
		end := ""
		if done == total {
			end = "\n"
		}
		fmt.Printf("\rLoading: %d %% (%d of %d MB)%s", percent, done>>20, total>>20, end)
	}
}

// fitMaxClients raises the descriptor limit, or lowers maxclients to what it allows.
func fitMaxClients(cfg *config.Config, logf func(aof.Level, string, ...any)) {
	granted, err := loop.RaiseDescriptorLimit(cfg.Maxclients)
	if err != nil || granted < cfg.Maxclients {
		logf(aof.Warning, "You requested maxclients of %d; the limit of open files allows %d (%v)", cfg.Maxclients, granted, err)
	}
	cfg.Maxclients = granted
}

// followConfig has the loop obey CONFIG SET.
func followConfig(cfg *config.Config, l **loop.Loop, logf func(aof.Level, string, ...any)) {
	cfg.OnChange("maxclients", func() error {
		if granted, _ := loop.RaiseDescriptorLimit(cfg.Maxclients); granted < cfg.Maxclients {
			return fmt.Errorf("The operating system is not able to handle the specified number of clients, try with %d", granted)
		}
		(*l).SetMaxConns(cfg.Maxclients)
		return nil
	})
	port, bind := cfg.Port, slices.Clone(cfg.Bind)
	stay := func() error { // evio listens where it did when it started
		if cfg.Port == port && slices.Equal(cfg.Bind, bind) {
			return nil
		}
		logf(aof.Warning, "bind and port cannot change while the server runs: set them in the configuration file and start it again")
		return errors.New("Unable to listen on this port. Check server logs.")
	}
	cfg.OnChange("bind", stay)
	cfg.OnChange("port", stay)
	cfg.OnChange("tcp-keepalive", func() error {
		(*l).SetKeepAlive(time.Duration(cfg.TcpKeepalive) * time.Second)
		return nil
	})
}

// listenConfig tells the loop where to listen.
func listenConfig(cfg *config.Config, logf func(aof.Level, string, ...any)) loop.Config {
	lc := loop.Config{
		UnixSocket: cfg.Unixsocket,
		UnixPerm:   os.FileMode(cfg.Unixsocketperm),
		KeepAlive:  time.Duration(cfg.TcpKeepalive) * time.Second,
		MaxConns:   cfg.Maxclients,
		Logf: func(level, format string, args ...any) {
			if level == "warning" {
				logf(aof.Warning, format, args...)
				return
			}
			logf(aof.Notice, format, args...)
		},
	}
	if cfg.Port == 0 {
		return lc
	}
	for _, addr := range cfg.Bind {
		host, optional := strings.CutPrefix(addr, "-")
		lc.TCP = append(lc.TCP, net.JoinHostPort(host, strconv.Itoa(cfg.Port)))
		lc.Optional = append(lc.Optional, optional)
	}
	return lc
}

// onSignal ends the server in an orderly way when the system asks for it.
func onSignal(s *command.Server, l *loop.Loop) {
	ch := make(chan os.Signal, 2)
	signal.Notify(ch, syscall.SIGTERM, syscall.SIGINT)
	for sig := range ch {
		l.Post(func() { s.Signalled(sig == syscall.SIGINT) })
	}
}

// handler connects the loop with the command server.
type handler struct {
	s    *command.Server
	loop **loop.Loop
}

func (h handler) Opened(c *loop.Conn) bool {
	client := h.s.Opened(c, (*h.loop).Full())
	if client == nil {
		return false
	}
	c.Session = client
	return true
}
func (h handler) Data(c *loop.Conn, in []byte)   { c.Session.(*command.Client).Data(in) }
func (h handler) Drained(c *loop.Conn)           { c.Session.(*command.Client).Drained() }
func (h handler) Closed(c *loop.Conn, err error) { h.s.Closed(c.Session.(*command.Client)) }
func (h handler) Tick() time.Duration            { return h.s.Tick() }
