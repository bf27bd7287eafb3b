package config

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// saveKind is a list of save points. Lines of a file add up; an empty one clears.
type saveKind struct{ single }

func (saveKind) parse(e env, words []string) (any, error) {
	if len(words) == 1 && words[0] == "" {
		words, e.more = nil, false
	}
	const bad = Error("Invalid save parameters")
	if len(words)%2 != 0 {
		return nil, bad
	}
	var points []SavePoint
	if e.more {
		points = slices.Clone(e.old.([]SavePoint))
	}
	for w := range slices.Chunk(words, 2) {
		seconds, ok1 := parseLenient(w[0], 10)
		changes, ok2 := parseLenient(w[1], 10)
		if !ok1 || !ok2 || seconds < 1 || changes < 0 {
			return nil, bad
		}
		points = append(points, SavePoint{seconds, int(changes)})
	}
	return points, nil
}

func (saveKind) format(v any) string {
	var words []string
	for _, p := range v.([]SavePoint) {
		words = append(words, p.String())
	}
	return strings.Join(words, " ")
}

// String prints the point as the save directive has it.
func (p SavePoint) String() string { return fmt.Sprintf("%d %d", p.Seconds, p.Changes) }

func (saveKind) lines(name string, v any, _ bool) []line {
	points := v.([]SavePoint)
	if len(points) == 0 {
		return []line{{name + ` ""`, true}}
	}
	var lines []line
	for _, p := range points {
		lines = append(lines, line{name + " " + p.String(), true})
	}
	return lines
}

func (saveKind) accepts() string { return "pairs of seconds and changes" }

// redisSavePoints are Redis's default, which holds here while the append-only log is off.
var redisSavePoints = []SavePoint{{3600, 1}, {300, 100}, {60, 10000}}

// bindKind is a list of addresses.
type bindKind struct{ single }

const maxBind = 16

func (bindKind) parse(_ env, words []string) (any, error) {
	if len(words) > maxBind {
		return nil, Error("Too many bind addresses specified.")
	}
	if len(words) == 1 && words[0] == "" {
		words = nil
	}
	return slices.Clone(words), nil
}

func (bindKind) format(v any) string { return strings.Join(v.([]string), " ") }

func (k bindKind) lines(name string, v any, isDefault bool) []line {
	if len(v.([]string)) == 0 {
		return []line{{name + ` ""`, true}}
	}
	return oneLine(name, k.format(v), isDefault)
}

func (bindKind) accepts() string { return "up to 16 addresses" }

// outputLimitsKind is a list of a class and its three limits; classes not named keep theirs.
type outputLimitsKind struct{ single }

var clientClasses = [...]string{NormalClient: "normal", ReplicaClient: "slave", PubsubClient: "pubsub"}

func (outputLimitsKind) parse(e env, words []string) (any, error) {
	if len(words)%4 != 0 {
		return nil, Error("Wrong number of arguments in buffer limit configuration.")
	}
	limits, _ := e.old.(OutputLimits)
	for w := range slices.Chunk(words, 4) {
		class := strings.ToLower(w[0])
		if class == "replica" {
			class = "slave"
		}
		i := slices.Index(clientClasses[:], class)
		if i < 0 {
			return nil, Error("Invalid client class specified in buffer limit configuration.")
		}
		hard, ok1 := parseMemory(w[1])
		soft, ok2 := parseMemory(w[2])
		seconds, ok3 := parseLenient(w[3], 10)
		if !ok1 || !ok2 || !ok3 || seconds < 0 {
			return nil, Error("Error in hard, soft or soft_seconds setting in buffer limit configuration.")
		}
		limits[i] = OutputLimit{int64(hard), int64(soft), seconds}
	}
	return limits, nil
}

func (outputLimitsKind) format(v any) string {
	var words []string
	for i, l := range v.(OutputLimits) {
		words = append(words, fmt.Sprintf("%s %d %d %d", clientClasses[i], uint64(l.Hard), uint64(l.Soft), l.SoftSeconds))
	}
	return strings.Join(words, " ")
}

func (outputLimitsKind) lines(name string, v any, _ bool) []line {
	d, _ := lookup(name)
	std, _ := outputLimitsKind{}.parse(env{}, strings.Fields(d.Default))
	var lines []line
	for i, l := range v.(OutputLimits) {
		class := clientClasses[i]
		if i == ReplicaClient {
			class = "replica"
		}
		text := fmt.Sprintf("%s %s %s %s %d", name, class, memoryWord(l.Hard), memoryWord(l.Soft), l.SoftSeconds)
		lines = append(lines, line{text, l != std.(OutputLimits)[i]})
	}
	return lines
}

func memoryWord(n int64) string {
	if n > 0 {
		return formatMemory(n)
	}
	return strconv.FormatUint(uint64(n), 10)
}

func (outputLimitsKind) accepts() string {
	return "class (normal, replica, pubsub), hard, soft, seconds"
}

// oomScoresKind is three scores.
type oomScoresKind struct{ single }

func (oomScoresKind) parse(_ env, words []string) (any, error) {
	var scores OomScores
	if len(words) != len(scores) {
		return nil, errWords
	}
	for i, w := range words {
		n, ok := parseLenient(w, 10)
		if !ok || n < -2000 || n > 2000 {
			return nil, Error("Invalid oom-score-adj-values, elements must be between -2000 and 2000.")
		}
		scores[i] = int(n)
	}
	return scores, nil
}

func (oomScoresKind) format(v any) string {
	s := v.(OomScores)
	return fmt.Sprintf("%d %d %d", s[0], s[1], s[2])
}

func (k oomScoresKind) lines(name string, v any, isDefault bool) []line {
	return oneLine(name, k.format(v), isDefault)
}

func (oomScoresKind) accepts() string { return "three numbers, -2000 to 2000" }

// percentilesKind is a list of percentiles.
type percentilesKind struct{ single }

func (percentilesKind) parse(_ env, words []string) (any, error) {
	if len(words) == 1 && words[0] == "" {
		words = nil
	}
	var list []float64
	for _, w := range words {
		f, ok := parseFloat(w)
		if !ok || f != f {
			return nil, Error("Invalid latency-tracking-info-percentiles parameters")
		}
		if f < 0 || f > 100 {
			return nil, Error("latency-tracking-info-percentiles parameters should sit between [0.0,100.0]")
		}
		list = append(list, f)
	}
	return list, nil
}

func (percentilesKind) format(v any) string {
	var words []string
	for _, f := range v.([]float64) {
		words = append(words, FormatPercentile(f))
	}
	return strings.Join(words, " ")
}

// FormatPercentile prints a percentile as CONFIG GET and INFO latencystats do.
func FormatPercentile(f float64) string {
	s := strconv.FormatFloat(f, 'f', 6, 64)
	return strings.TrimRight(strings.TrimRight(s, "0"), ".")
}

// lines writes the default, too: so does Redis.
func (k percentilesKind) lines(name string, v any, _ bool) []line {
	text := k.format(v)
	if text == "" {
		text = `""`
	}
	return []line{{name + " " + text, true}}
}

func (percentilesKind) accepts() string { return "numbers, 0 to 100" }

// notifyKind is a set of event classes, one letter each.
type notifyKind struct{ single }

// notifyLetters are in the order in which they are printed.
var notifyLetters = []struct {
	letter byte
	flag   Notify
}{
	{'A', NotifyAll},
	{'g', NotifyGeneric}, {'$', NotifyString}, {'l', NotifyList}, {'s', NotifySet}, {'h', NotifyHash},
	{'z', NotifyZset}, {'x', NotifyExpired}, {'e', NotifyEvicted}, {'t', NotifyStream}, {'d', NotifyModule},
	{'n', NotifyNew}, {'K', NotifyKeyspace}, {'E', NotifyKeyevent}, {'m', NotifyKeyMiss},
}

func (notifyKind) parse(_ env, words []string) (any, error) {
	var flags Notify
next:
	for i := range len(words[0]) {
		for _, l := range notifyLetters {
			if l.letter == words[0][i] {
				flags |= l.flag
				continue next
			}
		}
		return nil, Error("Invalid event class character. Use 'Ag$lshzxeKEtmdn'.")
	}
	return int64(flags), nil
}

func (notifyKind) format(v any) string { return Notify(v.(int64)).String() }

// String prints the set as CONFIG GET does: A stands for its members, and also hides n, as in Redis.
func (n Notify) String() string {
	var s []byte
	if n&NotifyAll == NotifyAll {
		s, n = append(s, 'A'), n&^(NotifyAll|NotifyNew)
	}
	for _, l := range notifyLetters[1:] {
		if n&l.flag != 0 {
			s = append(s, l.letter)
		}
	}
	return string(s)
}

func (k notifyKind) lines(name string, v any, isDefault bool) []line {
	return oneLine(name, Quote(k.format(v)), isDefault)
}

func (notifyKind) accepts() string { return "letters of Ag$lshzxeKEtmdn" }

// dirKind is the working directory: it must exist, and is kept as an absolute path.
type dirKind struct{}

func (dirKind) parse(e env, words []string) (any, error) {
	if words[0] == "" {
		return nil, Error("No such file or directory")
	}
	dir := filepath.Clean(e.c.Path(words[0]))
	info, err := os.Stat(dir + string(filepath.Separator) + ".")
	if err != nil {
		return nil, Error(SystemText(err))
	}
	if !info.IsDir() {
		return nil, Error("Not a directory")
	}
	if real, err := filepath.EvalSymlinks(dir); err == nil {
		dir = real
	}
	return dir, nil
}

func (dirKind) format(v any) string { return v.(string) }

func (dirKind) lines(name string, v any, _ bool) []line {
	return []line{{name + " " + Quote(v.(string)), true}}
}

func (dirKind) accepts() string { return "directory" }
func (dirKind) computed() bool  { return true }

// replicaofKind is the host and port of a master, or nothing.
type replicaofKind struct{ single }

func (replicaofKind) parse(_ env, words []string) (any, error) {
	if len(words) == 0 {
		return "", nil
	}
	if len(words) != 2 {
		return nil, errWords
	}
	if strings.EqualFold(words[0], "no") && strings.EqualFold(words[1], "one") {
		return "", nil
	}
	if port, ok := parseLenient(words[1], 10); !ok || port < 0 || port > 65535 {
		return nil, Error("Invalid master port")
	}
	return strings.Join(words, " "), nil
}

func (replicaofKind) format(v any) string { return v.(string) }

func (replicaofKind) lines(name string, v any, isDefault bool) []line {
	if v == "" {
		return nil
	}
	return oneLine(name, v.(string), isDefault)
}

func (replicaofKind) accepts() string { return "host and port" }

// shutdownKind is a set of SHUTDOWN's options; the value is their ShutdownFlags.
type shutdownKind struct{ single }

var shutdownNames = []string{"default", "save", "nosave", "now", "force"}

func (shutdownKind) parse(_ env, words []string) (any, error) {
	var flags ShutdownFlags
	bad := Error("argument(s) must be one of the following: " + strings.Join(shutdownNames, ", "))
	if len(words) == 0 {
		return nil, bad
	}
	for _, w := range words {
		i := slices.Index(shutdownNames, strings.ToLower(w))
		if i < 0 {
			return nil, bad
		}
		if i > 0 {
			flags |= 1 << (i - 1)
		}
	}
	if flags&ShutdownSave != 0 && flags&ShutdownNosave != 0 {
		return nil, Error("shutdown options SAVE and NOSAVE can't be used simultaneously")
	}
	return int64(flags), nil
}

func (shutdownKind) format(v any) string {
	var words []string
	for i, name := range shutdownNames[1:] {
		if v.(int64)&(1<<i) != 0 {
			words = append(words, name)
		}
	}
	if len(words) == 0 {
		return shutdownNames[0]
	}
	return strings.Join(words, " ")
}

func (k shutdownKind) lines(name string, v any, isDefault bool) []line {
	return oneLine(name, k.format(v), isDefault)
}

func (shutdownKind) accepts() string { return "default, or any of save, nosave, now, force" }

func plainFilename(name string, emptyIsFine bool) func(string) error {
	return plainName(name, "filename", emptyIsFine)
}

func plainName(directive, what string, emptyIsFine bool) func(string) error {
	return func(s string) error {
		if s == "" && !emptyIsFine {
			return Error(directive + " can't be empty")
		}
		if strings.Contains(s, "/") {
			return Error(directive + " can't be a path, just a " + what)
		}
		return nil
	}
}

func hostname(s string) error {
	if len(s) >= 256 {
		return Error("Hostnames must be less than 256 characters")
	}
	for _, c := range []byte(s) {
		if !(c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '-' || c == '.') {
			return Error("Hostnames may only contain alphanumeric characters, hyphens or dots")
		}
	}
	return nil
}

// titleTemplate checks that s has only variables that a process title may have, and does not come to nothing
// in a standalone server.
func titleTemplate(s string) error {
	for _, v := range []string{"title", "server-mode"} {
		s = strings.ReplaceAll(s, "{"+v+"}", "")
	}
	for _, v := range []string{"listen-addr", "port", "tls-port", "unixsocket", "config-file"} {
		s = strings.ReplaceAll(s, "{"+v+"}", "x")
	}
	if strings.Trim(s, blanks) == "" || strings.Contains(s, "{") {
		return Error("template format is invalid or contains unknown variables")
	}
	return nil
}

// SystemText words a system error as C's strerror does: "No such file or directory".
func SystemText(err error) string {
	if pe, ok := err.(*os.PathError); ok {
		err = pe.Err
	}
	if le, ok := err.(*os.LinkError); ok {
		err = le.Err
	}
	s := err.Error()
	if _, ok := err.(syscall.Errno); ok && s != "" {
		s = strings.ToUpper(s[:1]) + s[1:]
	}
	return s
}
