package resp

import (
	"bytes"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Error is an error reply: a code, a blank and a text, without the leading "-".
// Clients match on these texts, so every one of them stands in this file, and
// they are Redis's to the byte. Newlines in them are replaced when written.
type Error string

func (e Error) Error() string { return string(e) }

// Code returns the first word, by which errors are counted.
func (e Error) Code() string {
	code, _, _ := strings.Cut(string(e), " ")
	return code
}

// ProtocolError ends a connection: the parser cannot know where the next command
// begins. Text is the reply, Reason what Redis writes to its log.
type ProtocolError struct {
	Text   Error
	Reason string
}

func (e *ProtocolError) Error() string { return string(e.Text) }

var (
	errBigInline     = &ProtocolError{"ERR Protocol error: too big inline request", "too big inline request"}
	errQuotes        = &ProtocolError{"ERR Protocol error: unbalanced quotes in request", "unbalanced quotes in inline request"}
	errBigCount      = &ProtocolError{"ERR Protocol error: too big mbulk count string", "too big mbulk count string"}
	errCount         = &ProtocolError{"ERR Protocol error: invalid multibulk length", "invalid mbulk count"}
	errUnauthCount   = &ProtocolError{"ERR Protocol error: unauthenticated multibulk length", "unauth mbulk count"}
	errBigBulkLen    = &ProtocolError{"ERR Protocol error: too big bulk count string", "too big bulk count string"}
	errBulkLen       = &ProtocolError{"ERR Protocol error: invalid bulk length", "invalid bulk length"}
	errUnauthBulkLen = &ProtocolError{"ERR Protocol error: unauthenticated bulk length", "unauth bulk length"}
)

func errNoBulk(got byte) *ProtocolError {
	return &ProtocolError{Error("ERR Protocol error: expected '$', got '" + string([]byte{got}) + "'"),
		"expected $ but got something else"}
}

// Texts that any command may answer.
const (
	ErrSyntax         Error = "ERR syntax error"
	ErrWrongType      Error = "WRONGTYPE Operation against a key holding the wrong kind of value"
	ErrNoSuchKey      Error = "ERR no such key"
	ErrIndexRange     Error = "ERR index out of range"
	ErrSameObject     Error = "ERR source and destination objects are the same"
	ErrNotInt         Error = "ERR value is not an integer or out of range"
	ErrNotPositive    Error = "ERR value is out of range, must be positive"
	ErrOutOfRange     Error = "ERR value is out of range"
	ErrNotFloat       Error = "ERR value is not a valid float"
	ErrNaNOrInfinity  Error = "ERR increment would produce NaN or Infinity"
	ErrIncrOverflow   Error = "ERR increment or decrement would overflow"
	ErrDecrOverflow   Error = "ERR decrement would overflow"
	ErrOffsetRange    Error = "ERR offset is out of range"
	ErrStringTooLong  Error = "ERR string exceeds maximum allowed size (proto-max-bulk-len)"
	ErrInvalidCursor  Error = "ERR invalid cursor"
	ErrDBIndex        Error = "ERR DB index is out of range"
	ErrDBIndexFirst   Error = "ERR invalid first DB index"
	ErrDBIndexSecond  Error = "ERR invalid second DB index"
	ErrNumkeys        Error = "ERR numkeys should be greater than 0"
	ErrCountPositive  Error = "ERR count should be greater than 0"
	ErrTooManyNumkeys Error = "ERR Number of keys can't be greater than number of args"
	ErrTimeoutFloat   Error = "ERR timeout is not a float or out of range"
	ErrTimeoutInt     Error = "ERR timeout is not an integer or out of range"
	ErrTimeoutNeg     Error = "ERR timeout is negative"
	ErrNumLocal       Error = "ERR value is out of range, value must between 0 and 1"
	ErrWaitNoLog      Error = "ERR WAITAOF cannot be used when numlocal is set but appendonly is disabled."
)

// Texts about the state of the server or of the connection.
const (
	ErrNoAuth            Error = "NOAUTH Authentication required."
	ErrNoAuthHello       Error = "NOAUTH HELLO must be called with the client already authenticated, otherwise the HELLO AUTH <user> <pass> option can be used to authenticate the client and select the RESP protocol version at the same time"
	ErrWrongPass         Error = "WRONGPASS invalid username-password pair or user is disabled."
	ErrAuthNoPassword    Error = "ERR AUTH <password> called without any password configured for the default user. Are you sure your configuration is correct?"
	ErrNoProto           Error = "NOPROTO unsupported protocol version"
	ErrProtoNotInt       Error = "ERR Protocol version is not an integer or out of range"
	ErrNoScript          Error = "NOSCRIPT No matching script. Please use EVAL."
	ErrLoading           Error = "LOADING Redis is loading the dataset in memory"
	ErrBusyScript        Error = "BUSY Redis is busy running a script. You can only call SCRIPT KILL or SHUTDOWN NOSAVE."
	ErrBusyFunction      Error = "BUSY Redis is busy running a script. You can only call FUNCTION KILL or SHUTDOWN NOSAVE."
	ErrMasterDown        Error = "MASTERDOWN Link with MASTER is down and replica-serve-stale-data is set to 'no'."
	ErrMisconfRDB        Error = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Commands that may modify the data set are disabled, because this instance is configured to report errors during writes if RDB snapshotting fails (stop-writes-on-bgsave-error option). Please check the Redis logs for details about the RDB error."
	ErrReadOnly          Error = "READONLY You can't write against a read only replica."
	ErrOOM               Error = "OOM command not allowed when used memory > 'maxmemory'."
	ErrExecAbort         Error = "EXECABORT Transaction discarded because of previous errors."
	ErrNoReplicas        Error = "NOREPLICAS Not enough good replicas to write."
	ErrBusyKey           Error = "BUSYKEY Target key name already exists."
	ErrNoPermKey         Error = "NOPERM this user has no permissions to access one of the keys used as arguments"
	ErrNoPermChannel     Error = "NOPERM this user has no permissions to access one of the channels used as arguments"
	ErrNoPermExecCommand Error = noPermExec + "no permission to execute the command or subcommand"
	ErrNoPermExecKey     Error = noPermExec + "no permission to touch the specified keys"
	ErrNoPermExecChannel Error = noPermExec + "no permission to access one of the channels used as arguments"
	ErrInMulti           Error = "ERR Command not allowed inside a transaction"
	ErrMaxClients        Error = "ERR max number of clients reached"
	ErrProtectedMode     Error = "DENIED Redis is running in protected mode because protected mode is enabled and no password is set for the default user. In this mode connections are only accepted from the loopback interface. If you want to connect from external computers to Redis you may adopt one of the following solutions: 1) Just disable protected mode sending the command 'CONFIG SET protected-mode no' from the loopback interface by connecting to Redis from the same host the server is running, however MAKE SURE Redis is not publicly accessible from internet if you do so. Use CONFIG REWRITE to make this change permanent. 2) Alternatively you can just disable the protected mode by editing the Redis configuration file, and setting the protected mode option to 'no', and then restarting the server. 3) If you started the server manually just for testing, restart it with the '--protected-mode no' option. 4) Setup a an authentication password for the default user. NOTE: You only need to do one of the above things in order for the server to start accepting connections from the outside."
)

const noPermExec = "NOPERM ACLs rules changed between the moment the transaction was accumulated and the EXEC call. This command is no longer allowed for the following reason: "

const scriptUser = "ERR The user executing the script "

// Users and their permissions.
const (
	ErrScriptPermCommand Error = scriptUser + "can't run this command or subcommand"
	ErrScriptPermKey     Error = scriptUser + "can't access at least one of the keys mentioned in the command arguments"
	ErrScriptPermChannel Error = scriptUser + "can't publish to the channel mentioned in the command"
	ErrSortByDenied      Error = "ERR BY option of SORT denied due to insufficient ACL permissions."
	ErrSortGetDenied     Error = "ERR GET option of SORT denied due to insufficient ACL permissions."
	ErrDeleteDefaultUser Error = "ERR The 'default' user cannot be removed"
	ErrGenpassBits       Error = "ERR ACL GENPASS argument must be the number of bits for the output password, a positive number up to " + "4096"
	ErrNoACLFile         Error = "ERR This Redis instance is not configured to use an ACL file. You may want to specify users via the ACL SETUSER command and then issue a CONFIG REWRITE (assuming you have a Redis configuration file set) in order to store users in the Redis configuration."
	ErrACLSave           Error = "ERR There was an error trying to save the ACLs. Please check the server logs for more information"
)

// MULTI, WATCH and blocked clients.
const (
	ErrNestedMulti         Error = "ERR MULTI calls can not be nested"
	ErrExecWithoutMulti    Error = "ERR EXEC without MULTI"
	ErrDiscardWithoutMulti Error = "ERR DISCARD without MULTI"
	ErrWatchInMulti        Error = "ERR WATCH inside MULTI is not allowed"
	ErrUnblocked           Error = "UNBLOCKED client unblocked via CLIENT UNBLOCK"
	ErrUnblockedForced     Error = "UNBLOCKED force unblock from blocking operation, instance state changed (master -> replica?)"
	ErrUnblockedStreamGone Error = "UNBLOCKED the stream key no longer exists"
)

// MONITOR and SSUBSCRIBE.
const (
	ErrSsubscribeBlocking Error = "ERR SSUBSCRIBE isn't allowed for a DENY BLOCKING client"
	ErrMonitorBlocking    Error = "ERR MONITOR isn't allowed for DENY BLOCKING client"
	ErrMonitorKeyspace    Error = "ERR Replica can't interact with the keyspace"
)

// CLIENT and HELLO.
const (
	ErrNoSuchClient        Error = "ERR No such client"
	ErrClientName          Error = "ERR Client names cannot contain spaces, newlines or special characters."
	ErrClientIDPositive    Error = "ERR client-id should be greater than 0"
	ErrInvalidClientID     Error = "ERR Invalid client ID"
	ErrUnblockReason       Error = "ERR CLIENT UNBLOCK reason should be TIMEOUT or ERROR"
	ErrMaxage              Error = "ERR maxage should be greater than 0"
	ErrPauseMode           Error = "ERR CLIENT PAUSE mode must be WRITE or ALL"
	ErrResetOnlyNormal     Error = "ERR can only reset normal client connections"
	ErrTrackingOneRedirect Error = "ERR A client can only redirect to a single other client"
	ErrTrackingNoRedirect  Error = "ERR The client ID you want redirect to does not exist"
	ErrTrackingPrefixBcast Error = "ERR PREFIX option requires BCAST mode to be enabled"
	ErrTrackingSwitchBcast Error = "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it with a different mode."
	ErrTrackingOptBcast    Error = "ERR OPTIN and OPTOUT are not compatible with BCAST"
	ErrTrackingOptBoth     Error = "ERR You can't specify both OPTIN mode and OPTOUT mode"
	ErrTrackingSwitchOpt   Error = "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it with a different mode."
	ErrCachingMode         Error = "ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled"
	ErrCachingYes          Error = "ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode."
	ErrCachingNo           Error = "ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode."
)

// Strings, bits and HyperLogLogs.
const (
	ErrBitOffset        Error = "ERR bit offset is not an integer or out of range"
	ErrBitValue         Error = "ERR bit is not an integer or out of range"
	ErrBitArg           Error = "ERR The bit argument must be 1 or 0."
	ErrBitopNot         Error = "ERR BITOP NOT must be called with a single source key."
	ErrBitfieldType     Error = "ERR Invalid bitfield type. Use something like i16 u8. Note that u64 is not supported but i64 is."
	ErrBitfieldOverflow Error = "ERR Invalid OVERFLOW type specified"
	ErrBitfieldReadOnly Error = "ERR BITFIELD_RO only supports the GET subcommand"
	ErrLCSStrings       Error = "ERR The specified keys must contain string values"
	ErrLCSLenIdx        Error = "ERR If you want both the length and indexes, please just use IDX."
	ErrLCSTooLong       Error = "ERR String too long for LCS"
	ErrLCSMemory        Error = "ERR Insufficient memory, transient memory for LCS exceeds proto-max-bulk-len"
	ErrHLLWrongType     Error = "WRONGTYPE Key is not a valid HyperLogLog string value."
	ErrHLLNotSparse     Error = "ERR HLL encoding is not sparse"
	ErrKeyMissing       Error = "ERR The specified key does not exist"
	ErrHLLCorrupted     Error = "INVALIDOBJ Corrupted HLL object detected"
)

// Hashes, lists and sets.
const (
	ErrHashNotInt    Error = "ERR hash value is not an integer"
	ErrIncrNaN       Error = "ERR value is NaN or Infinity"
	ErrHashNotFloat  Error = "ERR hash value is not a float"
	ErrRankZero      Error = "ERR RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"
	ErrCountNegative Error = "ERR COUNT can't be negative"
	ErrMaxlenNeg     Error = "ERR MAXLEN can't be negative"
	ErrLimitNegative Error = "ERR LIMIT can't be negative"

	// Of Redis 7.4: the expiry of fields.
	ErrFieldsMissing  Error = "ERR Mandatory argument FIELDS is missing or not at the right position"
	ErrNumFields      Error = "ERR Parameter `numFields` should be greater than 0"
	ErrNumFieldsMatch Error = "ERR The `numfields` parameter must match the number of arguments"
	ErrFieldExpireNeg Error = "ERR invalid expire time, must be >= 0"
)

// Sorted sets.
const (
	ErrMinMaxFloat     Error = "ERR min or max is not a float"
	ErrMinMaxLex       Error = "ERR min or max not valid string range item"
	ErrWeightFloat     Error = "ERR weight value is not a float"
	ErrScoreNaN        Error = "ERR resulting score is not a number (NaN)"
	ErrXXAndNX         Error = "ERR XX and NX options at the same time are not compatible"
	ErrGTLTNX          Error = "ERR GT, LT, and/or NX options at the same time are not compatible"
	ErrIncrPair        Error = "ERR INCR option supports a single increment-element pair"
	ErrLimitWithoutBy  Error = "ERR syntax error, LIMIT is only supported in combination with either BYSCORE or BYLEX"
	ErrWithScoresBylex Error = "ERR syntax error, WITHSCORES not supported in combination with BYLEX"
	ErrNXAndXXGTLT     Error = "ERR NX and XX, GT or LT options at the same time are not compatible"
	ErrGTAndLT         Error = "ERR GT and LT options at the same time are not compatible"
	ErrSortScores      Error = "ERR One or more scores can't be converted into double"
	ErrGeoUnit         Error = "ERR unsupported unit provided. please use M, KM, FT, MI"
	ErrGeoRadius       Error = "ERR need numeric radius"
	ErrGeoRadiusNeg    Error = "ERR radius cannot be negative"
)

// Streams.
const (
	ErrStreamID          Error = "ERR Invalid stream ID specified as stream command argument"
	ErrStreamMaxlenMinid Error = "ERR syntax error, MAXLEN and MINID options at the same time are not compatible"
	ErrStreamMaxlen      Error = "ERR The MAXLEN argument must be >= 0."
	ErrStreamLimit       Error = "ERR The LIMIT argument must be >= 0."
	ErrStreamLimitAlone  Error = "ERR syntax error, LIMIT cannot be used without specifying a trimming strategy"
	ErrStreamLimitExact  Error = "ERR syntax error, LIMIT cannot be used without the special ~ option"
	ErrXtrimStrategy     Error = "ERR syntax error, XTRIM must be called with a trimming strategy"
	ErrXaddZeroID        Error = "ERR The ID specified in XADD must be greater than 0-0"
	ErrXaddSmallID       Error = "ERR The ID specified in XADD is equal or smaller than the target stream top item"
	ErrStreamExhausted   Error = "ERR The stream has exhausted the last possible ID, unable to add more items"
	ErrStreamElementSize Error = "ERR Elements are too large to be stored"
	ErrStreamStart       Error = "ERR invalid start ID for the interval"
	ErrStreamEnd         Error = "ERR invalid end ID for the interval"
	ErrXreadUnbalanced   Error = "ERR Unbalanced XREAD list of streams: for each stream key an ID or '$' must be specified."
	ErrXreadGroup        Error = "ERR The GROUP option is only supported by XREADGROUP. You called XREAD instead."
	ErrXreadNoack        Error = "ERR The NOACK option is only supported by XREADGROUP. You called XREAD instead."
	ErrXreadgroupNoGroup Error = "ERR Missing GROUP option for XREADGROUP"
	ErrXreadgroupDollar  Error = "ERR The $ ID is meaningless in the context of XREADGROUP: you want to read the history of this consumer by specifying a proper ID, or use the > ID to get new messages. The $ ID would just return an empty result set."
	ErrXreadNewID        Error = "ERR The > ID can be specified only when calling XREADGROUP using the GROUP <group> <consumer> option."
	ErrEntriesRead       Error = "ERR value for ENTRIESREAD must be positive or -1"
	ErrXgroupKey         Error = "ERR The XGROUP subcommand requires the key to exist. Note that for CREATE you may want to use the MKSTREAM option to create an empty stream automatically."
	ErrBusyGroup         Error = "BUSYGROUP Consumer Group name already exists"
	ErrXsetidAdded       Error = "ERR entries_added must be positive"
	ErrXsetidDeleted     Error = "ERR The ID specified in XSETID is smaller than the provided max_deleted_entry_id"
	ErrXsetidTop         Error = "ERR The ID specified in XSETID is smaller than the target stream top item"
	ErrXsetidLength      Error = "ERR The entries_added specified in XSETID is smaller than the target stream length"
	ErrXclaimMinIdle     Error = "ERR Invalid min-idle-time argument for XCLAIM"
	ErrXclaimIdle        Error = "ERR Invalid IDLE option argument for XCLAIM"
	ErrXclaimTime        Error = "ERR Invalid TIME option argument for XCLAIM"
	ErrXclaimRetry       Error = "ERR Invalid RETRYCOUNT option argument for XCLAIM"
	ErrXautoclaimMinIdle Error = "ERR Invalid min-idle-time argument for XAUTOCLAIM"
	ErrXautoclaimZero    Error = "ERR COUNT must be > 0"
	ErrXautoclaimCount   Error = "ERR Insufficient memory, failed allocating transient memory, COUNT too high."
	ErrNumIDs            Error = "ERR Number of IDs must be a positive integer"
	ErrNumIDsMatch       Error = "ERR The `numids` parameter must match the number of arguments"
	ErrGroupGone         Error = "NOGROUP the consumer group this client was blocked on no longer exists"
)

// Scripts and functions.
const (
	ErrNumkeysNegative  Error = "ERR Number of keys can't be negative"
	ErrScriptFlush      Error = "ERR SCRIPT FLUSH only support SYNC|ASYNC option"
	ErrNotBusy          Error = "NOTBUSY No scripts in execution right now."
	ErrUnkillable       Error = "UNKILLABLE Sorry the script already executed write commands against the dataset. You can either wait the script termination or kill the server in a hard way using the SHUTDOWN NOSAVE command."
	ErrUnkillableMaster Error = "UNKILLABLE The busy script was sent by a master instance in the context of replication and cannot be killed."
	ErrScriptReadOnly   Error = "READONLY Can not run script with write flag on readonly replica"
	ErrScriptWriteRO    Error = "ERR Can not execute a script with write flag using *_ro command."
	ErrScriptMisconf    Error = "MISCONF Redis is configured to save RDB snapshots, but it's currently unable to persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only scripts."
	ErrNoDebugger       Error = "ERR the Lua debugger is not supported"
	ErrScriptDebug      Error = "ERR Use SCRIPT DEBUG YES/SYNC/NO"
	ErrScriptMasterDown Error = "MASTERDOWN Link with MASTER is down, replica-serve-stale-data is set to 'no' and 'allow-stale' flag is not set on the script."
	ErrScriptOOM        Error = "ERR OOM allow-oom flag is not set on the script, can not run it when used memory > 'maxmemory'"
	ErrScriptArity      Error = "ERR Wrong number of args calling Redis command from script"
	ErrScriptUnknown    Error = "ERR Unknown Redis command called from script"
	ErrScriptNotAllowed Error = "ERR This Redis command is not allowed from script"
	ErrScriptWrite      Error = "ERR Write commands are not allowed from read-only scripts."
	ErrFunctionKeys     Error = "ERR Bad number of keys provided"
	ErrLibraryNotFound  Error = "ERR Library not found"
	ErrFunctionNotFound Error = "ERR Function not found"
	ErrLibraryPattern   Error = "ERR library name argument was not given"
	ErrFunctionFlush    Error = "ERR FUNCTION FLUSH only supports SYNC|ASYNC option"
	ErrRestorePolicy    Error = "ERR Wrong restore policy given, value should be either FLUSH, APPEND or REPLACE."
	ErrRestoreType      Error = "ERR given type is not a function"
	ErrRestoreFunction  Error = "ERR Failed loading library payload"
)

// Generic and server commands.
const (
	ErrMinTTL            Error = "ERR Invalid TTL value, must be >= 0"
	ErrIdletime          Error = "ERR Invalid IDLETIME value, must be >= 0"
	ErrFreq              Error = "ERR Invalid FREQ value, must be >= 0 and <= 255"
	ErrDumpPayload       Error = "ERR DUMP payload version or checksum are wrong"
	ErrBadPayload        Error = "ERR Bad data format"
	ErrLFUPolicy         Error = "ERR An LFU maxmemory policy is selected, idle time not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
	ErrNotLFUPolicy      Error = "ERR An LFU maxmemory policy is not selected, access frequency not tracked. Please note that when switching between policies at runtime LRU and LFU data will take some time to adjust."
	ErrRewriteInProgress Error = "ERR Background append only file rewriting already in progress"
	ErrSaveInProgress    Error = "ERR Background save already in progress"
	ErrWalkInProgress    Error = "ERR Another child process is active (AOF?): can't BGSAVE right now. Use BGSAVE SCHEDULE in order to schedule a BGSAVE whenever possible."
	ErrPlain             Error = "ERR"
	ErrRewriteFailed     Error = "ERR Can't execute an AOF background rewriting. Please check the server logs for more information."
	ErrNoConfigFile      Error = "ERR The server is running without a config file"
	ErrShutdownFailed    Error = "ERR Errors trying to SHUTDOWN. Check logs."
	ErrNoShutdown        Error = "ERR No shutdown in progress."
	ErrNoKeyArguments    Error = "ERR The command has no key arguments"
	ErrMasterPort        Error = "ERR Invalid master port"
	ErrNoReplication     Error = "ERR Replication is not supported by this server"
	ErrNoFailover        Error = "ERR No failover in progress."
	ErrFailoverReplicas  Error = "ERR FAILOVER requires connected replicas."
	ErrClusterDisabled   Error = "ERR This instance has cluster support disabled"
	ErrNeedsRESP3        Error = "ERR RESP2 is not supported by this command"
	ErrDebugReload       Error = "ERR DEBUG RELOAD only supports the MERGE, NOFLUSH and NOSAVE options."
	ErrDebugLoad         Error = "ERR Error trying to load the RDB dump"
	ErrDebugSds          Error = "ERR Not an sds encoded string."
	ErrDebugListpack     Error = "ERR Not a listpack encoded object."
	ErrDebugQuicklist    Error = "ERR Not a quicklist encoded object."
	ErrDebugRestart      Error = "ERR failed to restart the server. Check server logs."
	ErrClientMemoryOff   Error = "ERR maxmemory-clients is disabled."
	ErrDebugDB           Error = "ERR Out of range database"
	ErrDebugProtocol     Error = "ERR Wrong protocol type name. Please use one of the following: string|integer|double|bignum|null|array|set|map|attrib|push|verbatim|true|false"
	ErrCommandUnknown    Error = "ERR Invalid command specified"
	ErrCommandArgs       Error = "ERR Invalid arguments specified for command"
	ErrCommandArgCount   Error = "ERR Invalid number of arguments specified for command"
	ErrWaitReplica       Error = "ERR WAIT cannot be used with replica instances. Please also note that since Redis 4.0 if a replica is configured to be writable (which is not the default) writes to replicas are just local and are not propagated."
	ErrMigrateKeys       Error = "ERR When using MIGRATE KEYS option, the key argument must be set to the empty string"
	ErrSlowlogCount      Error = "ERR count should be greater than or equal to -1"
	ErrGeoWidth          Error = "ERR need numeric width"
	ErrGeoHeight         Error = "ERR need numeric height"
	ErrGeoBoxNegative    Error = "ERR height or width cannot be negative"
	ErrGeoMember         Error = "ERR could not decode requested zset member"
	ErrGeoCount          Error = "ERR COUNT must be > 0"
	ErrGeoAny            Error = "ERR the ANY argument requires COUNT argument"
)

// ErrMisconfAOF answers writes while the log cannot be written.
func ErrMisconfAOF(reason string) Error {
	return Error("MISCONF Errors writing to the AOF file: " + reason)
}

// ErrScriptMisconfAOF is for scripts that say that they write, reason is the system's.
func ErrScriptMisconfAOF(reason string) Error {
	return Error("MISCONF Redis is configured to persist data to AOF, but it's currently unable to persist to disk. Writable scripts are blocked. Use 'no-writes' flag for read only scripts. AOF error: " + reason)
}

// ErrDebugForeign refuses a subcommand of Redis's DEBUG that is about something Spindle does not have.
func ErrDebugForeign(sub string) Error {
	return Error("ERR DEBUG " + sub + " is about something that this server does not have")
}

// ErrFunctionOption is for an option that FUNCTION LOAD does not know.
func ErrFunctionOption(option []byte) Error {
	return Error("ERR Unknown option given: " + string(option))
}

// ErrFunctionArgument is for an argument that FUNCTION LIST does not know.
func ErrFunctionArgument(arg []byte) Error { return Error("ERR Unknown argument " + string(arg)) }

// ErrBlockInScript takes the command's name.
func ErrBlockInScript(name string) Error {
	return Error("ERR " + name + " command is not allowed with BLOCK option from scripts")
}

// ErrWrongArity takes the command's full name, in lower case: "get", "config|get".
func ErrWrongArity(name string) Error {
	return Error("ERR wrong number of arguments for '" + name + "' command")
}

// ErrUnknownCommand quotes the name and the first arguments, 128 bytes of each.
func ErrUnknownCommand(name []byte, args [][]byte) Error {
	const quoteMax = 128
	b := append([]byte("ERR unknown command '"), cString(name, quoteMax)...)
	b = append(b, "', with args beginning with: "...)
	from := len(b)
	for _, a := range args {
		room := quoteMax - (len(b) - from)
		if room <= 0 {
			break
		}
		b = append(b, '\'')
		b = append(b, cString(a, room)...)
		b = append(b, "' "...)
	}
	return Error(b)
}

// cString returns at most limit bytes of b, up to the first NUL: what printf
// would print of it.
func cString(b []byte, limit int) []byte {
	b = b[:min(len(b), limit)]
	if i := bytes.IndexByte(b, 0); i >= 0 {
		b = b[:i]
	}
	return b
}

// ErrUnknownSubcommand takes the container's name as the client spelled it.
func ErrUnknownSubcommand(command, sub []byte) Error {
	return Error(fmt.Sprintf("ERR unknown subcommand '%s'. Try %s HELP.",
		cString(sub, 128), strings.ToUpper(string(command))))
}

// ErrNoLatencySamples quotes an event of LATENCY GRAPH.
func ErrNoLatencySamples(event []byte) Error {
	return Error("ERR No samples available for event '" + string(cString(event, len(event))) + "'")
}

// ErrSubcommandSyntax is for a known subcommand with arguments of no use to it.
func ErrSubcommandSyntax(command, sub []byte) Error {
	return Error(fmt.Sprintf("ERR unknown subcommand or wrong number of arguments for '%s'. Try %s HELP.",
		cString(sub, 128), strings.ToUpper(string(command))))
}

// ErrUnknownPfdebug quotes a subcommand that PFDEBUG does not know.
func ErrUnknownPfdebug(sub []byte) Error {
	return Error("ERR Unknown PFDEBUG subcommand '" + string(cString(sub, len(sub))) + "'")
}

// ErrBitopSources takes the operation, in upper case.
func ErrBitopSources(op string) Error {
	return Error("ERR BITOP " + op + " must be called with at least two source keys.")
}

// ErrInvalidExpire takes the command's full name, in lower case.
func ErrInvalidExpire(name string) Error {
	return Error("ERR invalid expire time in '" + name + "' command")
}

// ErrNoPermCommand takes the command's full name, in lower case.
func ErrNoPermCommand(name string) Error {
	return Error("NOPERM this user has no permissions to run the '" + name + "' command")
}

// ErrInputKey takes the command's full name, in lower case.
func ErrInputKey(name string) Error {
	return Error("ERR at least 1 input key is needed for '" + name + "' command")
}

// ErrNoGroup is for a consumer group that a key does not have.
func ErrNoGroup(group, key []byte) Error {
	return Error("NOGROUP No such consumer group '" + string(cString(group, len(group))) + "' for key name '" + string(cString(key, len(key))) + "'")
}

// ErrNoKeyOrGroup is ErrNoGroup where the key may be missing too.
func ErrNoKeyOrGroup(key, group []byte) Error {
	return Error("NOGROUP No such key '" + string(cString(key, len(key))) + "' or consumer group '" + string(cString(group, len(group))) + "'")
}

// ErrNoGroupToRead is ErrNoKeyOrGroup as XREADGROUP puts it.
func ErrNoGroupToRead(key, group []byte) Error {
	return ErrNoKeyOrGroup(key, group) + " in XREADGROUP with GROUP option"
}

// ErrXclaimOption quotes an option that XCLAIM does not know.
func ErrXclaimOption(option []byte) Error {
	return Error("ERR Unrecognized XCLAIM option '" + string(cString(option, len(option))) + "'")
}

// ErrUnsupportedOption quotes an option of EXPIRE and its kin.
func ErrUnsupportedOption(option []byte) Error {
	return Error("ERR Unsupported option " + string(cString(option, len(option))))
}

// ErrClientType quotes a type that CLIENT LIST and CLIENT KILL do not know.
func ErrClientType(kind []byte) Error {
	return Error("ERR Unknown client type '" + string(cString(kind, len(kind))) + "'")
}

// ErrUnrecognizedOption quotes an attribute that CLIENT SETINFO does not know.
func ErrUnrecognizedOption(option []byte) Error {
	return Error("ERR Unrecognized option '" + string(cString(option, len(option))) + "'")
}

// ErrClientAttribute is for a value of CLIENT SETINFO that CLIENT LIST could not show.
func ErrClientAttribute(attr []byte) Error {
	return Error("ERR " + string(cString(attr, len(attr))) + " cannot contain spaces, newlines or special characters.")
}

// ErrUserNotFound quotes the user of ACL DRYRUN.
func ErrUserNotFound(name []byte) Error {
	return Error("ERR User '" + string(cString(name, len(name))) + "' not found")
}

// ErrCommandNotFound quotes the command of ACL DRYRUN.
func ErrCommandNotFound(name []byte) Error {
	return Error("ERR Command '" + string(cString(name, len(name))) + "' not found")
}

// ErrUnknownCategory quotes the category of ACL CAT.
func ErrUnknownCategory(name []byte) Error {
	return Error("ERR Unknown category '" + string(cString(name, len(name))) + "'")
}

// ErrNoSuchUser quotes the user of CLIENT KILL.
func ErrNoSuchUser(name []byte) Error {
	return Error("ERR No such user '" + string(cString(name, len(name))) + "'")
}

// ErrNotEnabled is for a command (DEBUG, MODULE) that a directive switches off.
func ErrNotEnabled(command, directive string) Error {
	return Error("ERR " + command + " command not allowed. If the " + directive + " option is set to \"local\", you can run it from a local connection, otherwise you need to set this option in the configuration file, and then restart the server.")
}

// ErrConfigUnknown quotes a directive that CONFIG SET does not know.
func ErrConfigUnknown(directive []byte) Error {
	return Error("ERR Unknown option or number of arguments for CONFIG SET - '" + string(cString(directive, len(directive))) + "'")
}

// ErrConfigSet is for a value that CONFIG SET refused. The reason may be empty.
func ErrConfigSet(directive, reason string) Error {
	text := "ERR CONFIG SET failed (possibly related to argument '" + directive + "')"
	if reason != "" {
		text += " - " + reason
	}
	return Error(text)
}

// ErrRange tells the bounds of an integer argument.
func ErrRange(lo, hi int64) Error {
	return Error(fmt.Sprintf("ERR value is out of range, value must between %d and %d", lo, hi))
}

// ErrSubscribed is for a command that a RESP2 client in subscribe mode may not send.
func ErrSubscribed(name string) Error {
	return Error("ERR Can't execute '" + name + "': only (P|S)SUBSCRIBE / (P|S)UNSUBSCRIBE / PING / QUIT / RESET are allowed in this context")
}

// ErrExecAbortBecause is for a queued command that EXEC refused.
func ErrExecAbortBecause(reason string) Error {
	return Error("EXECABORT Transaction discarded because of: " + reason)
}

// ErrHelloOption quotes an option of HELLO that makes no sense.
func ErrHelloOption(option []byte) Error {
	return Error("ERR Syntax error in HELLO option '" + string(cString(option, len(option))) + "'")
}

// ErrGeoPair quotes coordinates out of range.
func ErrGeoPair(longitude, latitude float64) Error {
	text := func(f float64) string {
		if math.IsInf(f, 0) {
			return string(AppendDouble(nil, f))
		}
		return strconv.FormatFloat(f, 'f', 6, 64)
	}
	return Error("ERR invalid longitude,latitude pair " + text(longitude) + "," + text(latitude))
}

// ErrorText returns what follows the "-" of an error reply.
func ErrorText(err error) string {
	var w Writer
	w.Err(err)
	return string(w.Buf[1 : len(w.Buf)-2])
}

// ErrTrackingPrefixes is for a prefix of CLIENT TRACKING that overlaps with one the client follows.
func ErrTrackingPrefixes(prefix, old string) Error {
	return Error("ERR Prefix '" + prefix + "' overlaps with an existing prefix '" + old + "'. Prefixes for a single client must not overlap.")
}

// ErrTrackingPrefixesOnce is for two prefixes of one CLIENT TRACKING that overlap.
func ErrTrackingPrefixesOnce(prefix, other string) Error {
	return Error("ERR Prefix '" + prefix + "' overlaps with another provided prefix '" + other + "'. Prefixes for a single client must not overlap.")
}

// ErrGeoFrom quotes a search without a centre.
func ErrGeoFrom(command []byte) Error {
	return Error("ERR exactly one of FROMMEMBER or FROMLONLAT can be specified for " + string(cString(command, len(command))))
}

// ErrGeoBy quotes a search without a shape.
func ErrGeoBy(command []byte) Error {
	return Error("ERR exactly one of BYRADIUS and BYBOX can be specified for " + string(cString(command, len(command))))
}

// ErrGeoStoreWith is for a search that stores its result and has options of replies.
func ErrGeoStoreWith(search bool) Error {
	who := "STORE option in GEORADIUS"
	if search {
		who = "GEOSEARCHSTORE"
	}
	return Error("ERR " + who + " is not compatible with WITHDIST, WITHHASH and WITHCOORD options")
}
