// Package config is the server's configuration: redis.conf, the command line, CONFIG GET, SET and
// REWRITE.
//
// Every directive of Redis 7.0 is one row of the table in table.go: its name, its old name, its
// default, the kind of its value, whether a running server may change it, and, if it means nothing
// here, the reason. Parsing, printing, rewriting and docs/configuration.md all read that row.
//
// A directive that is obeyed has a field in Config, named like the directive in camel case
// (hash-max-listpack-entries is HashMaxListpackEntries). The package finds it by reflection, once, at
// start; whoever obeys the directive reads a plain field. A directive without a field is accepted,
// kept, shown and rewritten like any other, but has no effect, and a warning says so.
//
// A Config belongs to the goroutine that executes commands. Others take copies of what they need,
// for instance in an OnChange hook. Slices in it are replaced, never changed in place.
package config

import (
	"fmt"
	"os"
	"path/filepath"
	"reflect"
)

// Config holds the value of every directive. Sizes are in bytes unless the comment says otherwise;
// zero means unlimited or off where Redis says so.
type Config struct {
	// Network.
	Bind                   []string // addresses; a leading "-" means that a failure to bind is not fatal
	Port                   int      // 0: no TCP
	Unixsocket             string
	Unixsocketperm         int // mode bits; 0: as the umask has it
	Timeout                int // seconds until an idle client is closed
	TcpKeepalive           int // seconds
	ProtectedMode          bool
	EnableProtectedConfigs ProtectedAction
	EnableDebugCommand     ProtectedAction

	// General.
	Daemonize       bool
	Supervised      Supervised
	Pidfile         string
	Loglevel        Loglevel
	Logfile         string // empty: standard output
	SyslogEnabled   bool
	SyslogIdent     string
	SyslogFacility  SyslogFacility
	CrashLogEnabled bool
	Databases       int
	Hz              int // turns of the periodic work per second

	// Snapshots.
	Save                    []SavePoint
	StopWritesOnBgsaveError bool
	Rdbcompression          bool
	Rdbchecksum             bool
	Dbfilename              string
	Dir                     string // absolute
	RdbSaveIncrementalFsync bool

	// Append-only log.
	Appendonly                 bool
	Appendfilename             string
	Appenddirname              string
	Appendfsync                Appendfsync
	NoAppendfsyncOnRewrite     bool
	AutoAofRewritePercentage   int
	AutoAofRewriteMinSize      int64
	AofLoadTruncated           bool
	AofUseRdbPreamble          bool
	AofTimestampEnabled        bool
	AofRewriteIncrementalFsync bool
	AofDisableAutoGc           bool

	// Security.
	Requirepass      string
	Aclfile          string
	AcllogMaxLen     int
	AclPubsubDefault AclPubsubDefault

	// Clients.
	Maxclients              int
	ClientQueryBufferLimit  int64
	ClientOutputBufferLimit OutputLimits
	ProtoMaxBulkLen         int64
	MaxmemoryClients        int64 // negative: percent of maxmemory
	TrackingTableMaxKeys    int

	// Memory.
	Maxmemory        uint64
	MaxmemoryPolicy  MaxmemoryPolicy
	MaxmemorySamples int
	LfuLogFactor     int
	LfuDecayTime     int // minutes

	// Encodings.
	HashMaxListpackEntries int
	HashMaxListpackValue   int
	ListMaxListpackSize    int // negative: -1 4 KB … -5 64 KB per node
	SetMaxIntsetEntries    int
	ZsetMaxListpackEntries int
	ZsetMaxListpackValue   int
	HllSparseMaxBytes      int
	StreamNodeMaxBytes     int
	StreamNodeMaxEntries   int

	// Process.
	OomScoreAdj        OomScoreAdj
	OomScoreAdjValues  OomScores
	BusyReplyThreshold int // milliseconds until a script counts as slow
	ShutdownOnSigint   ShutdownFlags
	ShutdownOnSigterm  ShutdownFlags

	// Slow log, latency, events.
	SlowlogLogSlowerThan           int // microseconds; negative: off
	SlowlogMaxLen                  int
	LatencyMonitorThreshold        int // milliseconds; 0: off
	LatencyTracking                bool
	LatencyTrackingInfoPercentiles []float64
	NotifyKeyspaceEvents           Notify

	// File is the absolute path of the configuration file, empty without one.
	File string
	// RenameCommands, Users and LoadModules are the directives of these names, in order. They are
	// carried out by whoever knows commands and users; Directive.Error words a refusal.
	RenameCommands []Line
	Users          []Line
	LoadModules    []Line
	// AppendonlyGiven tells whether appendonly was set when the server was started, or has its default, which is not Redis's.
	AppendonlyGiven bool
	// Warnings are the lines to log at start: directives without effect.
	Warnings []string

	// Warn, if set, is given the warnings of CONFIG SET.
	Warn func(string)
	// Loading makes CONFIG SET refuse what must not change while data is loaded.
	Loading bool
	// UserLines, if set, gives the "user ..." lines that CONFIG REWRITE writes in place of those in the
	// file. Without it they stay as they are.
	UserLines func() []string

	inert    []any // values of the directives without a field, by position in the table
	warned   map[*Directive]bool
	hooks    map[*Directive][]func() error
	defaults *Config // what a rewrite compares with; nil in the defaults themselves
}

// Line is a directive that Load collects for others.
type Line struct {
	Args  []string // without the name
	where position
}

// Error words reason as an error of the configuration file, at this line.
func (l Line) Error(reason string) error { return l.where.fail(reason) }

// Defaults returns the configuration of a server that was told nothing: Redis's, but with the
// append-only log on and, therefore, without save points.
func Defaults() *Config {
	c := fresh()
	c.defaults = fresh()
	return c
}

func fresh() *Config {
	c := &Config{
		inert:  make([]any, len(table)),
		warned: map[*Directive]bool{},
		hooks:  map[*Directive][]func() error{},
	}
	if wd, err := os.Getwd(); err == nil {
		c.Dir = wd
	}
	for _, d := range table {
		if d.kind.computed() {
			continue
		}
		v, err := d.kind.parse(c.env(d, false), d.words(d.Default))
		if err != nil {
			panic(fmt.Sprintf("config: default of %s: %v", d.Name, err))
		}
		c.store(d, v)
	}
	return c
}

// Path returns name as seen from the directory Dir.
func (c *Config) Path(name string) string {
	if filepath.IsAbs(name) {
		return name
	}
	return filepath.Join(c.Dir, name)
}

// OnChange has f called after CONFIG SET changed the directive called name. The new values of all the
// directives of that command are in place by then. An error refuses the command: its text is shown
// to the client, the old values come back, and the hooks that ran are called again with these.
func (c *Config) OnChange(name string, f func() error) {
	d, _ := lookup(name)
	if d == nil {
		panic("config: OnChange of unknown directive " + name)
	}
	c.hooks[d] = append(c.hooks[d], f)
}

// value returns d's value: bool, string, int64 (numbers, names and flags) or a special type.
func (c *Config) value(d *Directive) any {
	if d.field == nil {
		return c.inert[d.pos]
	}
	v := reflect.ValueOf(c).Elem().FieldByIndex(d.field)
	switch v.Kind() {
	case reflect.Bool:
		return v.Bool()
	case reflect.String:
		return v.String()
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return v.Int()
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		return int64(v.Uint())
	}
	return v.Interface()
}

// store sets d's value, which has a type that value returns.
func (c *Config) store(d *Directive, value any) {
	if d.field == nil {
		c.inert[d.pos] = value
		return
	}
	v := reflect.ValueOf(c).Elem().FieldByIndex(d.field)
	switch v.Kind() {
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		v.SetInt(value.(int64))
	case reflect.Uint, reflect.Uint8, reflect.Uint16, reflect.Uint32, reflect.Uint64:
		v.SetUint(uint64(value.(int64)))
	default:
		v.Set(reflect.ValueOf(value))
	}
}

func (c *Config) env(d *Directive, more bool) env {
	return env{c: c, old: c.value(d), more: more}
}
