package config

// ProtectedAction says who may use a dangerous command.
type ProtectedAction uint8

const (
	ProtectedNo ProtectedAction = iota
	ProtectedYes
	ProtectedLocal // connections from this machine only
)

// Allows reports whether a client may, which is local if it is connected from this machine.
func (a ProtectedAction) Allows(local bool) bool {
	return a == ProtectedYes || a == ProtectedLocal && local
}

var protectedActions = enum("no", "yes", "local")

// Supervised is the kind of process supervisor to report to.
type Supervised uint8

const (
	SupervisedUpstart Supervised = iota
	SupervisedSystemd
	SupervisedAuto // whichever the environment names
	SupervisedNo
)

var supervisors = enum("upstart", "systemd", "auto", "no")

func (s Supervised) String() string { return supervisors.names[s] }

// Loglevel is the lowest level of messages to log.
type Loglevel uint8

const (
	LogDebug Loglevel = iota
	LogVerbose
	LogNotice
	LogWarning
)

var loglevels = enum("debug", "verbose", "notice", "warning")

// SyslogFacility is where syslog files our messages.
type SyslogFacility uint8

const (
	SyslogUser SyslogFacility = iota
	SyslogLocal0
	SyslogLocal1
	SyslogLocal2
	SyslogLocal3
	SyslogLocal4
	SyslogLocal5
	SyslogLocal6
	SyslogLocal7
)

var syslogFacilities = enum("user", "local0", "local1", "local2", "local3", "local4", "local5", "local6", "local7")

// Appendfsync says when the append-only log is synced.
type Appendfsync uint8

const (
	FsyncEverysec Appendfsync = iota
	FsyncAlways
	FsyncNo
)

var fsyncs = enum("everysec", "always", "no")

// MaxmemoryPolicy says what to evict when memory is full.
type MaxmemoryPolicy uint8

const (
	VolatileLRU MaxmemoryPolicy = iota
	VolatileLFU
	VolatileRandom
	VolatileTTL
	AllkeysLRU
	AllkeysLFU
	AllkeysRandom
	NoEviction
)

var policies = enum("volatile-lru", "volatile-lfu", "volatile-random", "volatile-ttl",
	"allkeys-lru", "allkeys-lfu", "allkeys-random", "noeviction")

// String returns the policy's name, as INFO shows it.
func (p MaxmemoryPolicy) String() string { return policies.names[p] }

// AclPubsubDefault is what channels a new user may use.
type AclPubsubDefault uint8

const (
	AllChannels AclPubsubDefault = iota
	ResetChannels
)

var pubsubDefaults = enum("allchannels", "resetchannels")

// OomScoreAdj says how OomScoreAdjValues are applied.
type OomScoreAdj uint8

const (
	OomNo OomScoreAdj = iota
	OomYes
	OomRelative // to the score at start
	OomAbsolute
)

var oomAdjustments = enum("no", "yes", "relative", "absolute")

// SavePoint asks for a snapshot when Seconds have passed and Changes were made.
type SavePoint struct {
	Seconds int64
	Changes int
}

// The classes of clients with an output limit of their own, as indices of OutputLimits.
const (
	NormalClient = iota
	ReplicaClient
	PubsubClient
)

// OutputLimits are the output buffer limits by class of client.
type OutputLimits [3]OutputLimit

// OutputLimit closes a client whose pending output passes Hard bytes, or Soft bytes for SoftSeconds.
// Zero means no limit.
type OutputLimit struct {
	Hard, Soft, SoftSeconds int64
}

// OomScores are the kernel's out-of-memory scores for a master, a replica and a child process.
type OomScores [3]int

// ShutdownFlags are the options of a SHUTDOWN by signal. None is the default behaviour.
type ShutdownFlags uint8

const (
	ShutdownSave ShutdownFlags = 1 << iota
	ShutdownNosave
	ShutdownNow
	ShutdownForce
)

// Notify is the set of enabled keyspace events.
type Notify uint32

const (
	NotifyKeyspace Notify = 1 << iota // K: publish on __keyspace@…
	NotifyKeyevent                    // E: publish on __keyevent@…
	NotifyGeneric                     // g
	NotifyString                      // $
	NotifyList                        // l
	NotifySet                         // s
	NotifyHash                        // h
	NotifyZset                        // z
	NotifyExpired                     // x
	NotifyEvicted                     // e
	NotifyStream                      // t
	NotifyKeyMiss                     // m, not part of A
	_                                 // loaded keys, inside Redis only
	NotifyModule                      // d
	NotifyNew                         // n, not part of A

	// NotifyAll is A.
	NotifyAll = NotifyGeneric | NotifyString | NotifyList | NotifySet | NotifyHash | NotifyZset |
		NotifyExpired | NotifyEvicted | NotifyStream | NotifyModule
)
