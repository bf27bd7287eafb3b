// Package corpus reads scripts of commands and runs them on two servers.
//
// A script is a text file, one command a line, quoted as redis-cli and inline
// commands are ("\x00" escapes in double quotes). It is run once over RESP2 and
// once over RESP3. No reply stands in it: what the reference answers is right.
//
//	# comment
//	SET k v                    a command on the connection c1
//	c2> BLPOP k 0              a command on the connection c2
//	@near OBJECT IDLETIME k    a normalisation of package reply (any number of them)
//	@2 HGETALL k               only over RESP2 (@3: only over RESP3)
//	@blocks BLPOP k 0          sends without expecting a reply (same as @replies:0)
//	@replies:2 SUBSCRIBE a b   waits for two frames
//	@anyorder PUBLISH ch x     frames of one connection in any order
//	@save:id CLIENT ID         keeps the reply: %{id} stands for it in later commands, each
//	                           server its own; %{ref:id} is the reference's, %{other:id} that
//	                           of the other server
//	@rep(1000,ab)              as an argument: ab a thousand times
//	@seq(1,3,f%d,v%d)          as an argument: six arguments f1 v1 f2 v2 f3 v3
//	raw "SET a\r\n"            bytes as they are; collects until the server is quiet
//	sleep 20ms                 waits, then compares what arrived meanwhile
//	wait 2s                    waits until the connection has received something
//	close                      closes the connection (a later line opens a new one)
//	halfclose                  closes its sending side
//	@needs XADD XREAD          (head of the file) skip where these commands do not exist
//	@only 3                    (head of the file) run over this protocol only
//
// In a file with several connections, everything that every connection has
// received after a step is compared, replies and pushes alike.
package corpus

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"spindle/bench/compare/internal/reply"
)

// File is one parsed script.
type File struct {
	Path   string
	Needs  []string // commands it cannot do without
	Protos []int    // protocol versions to run it over
	Steps  []Step
	multi  bool // several connections, or steps that need everything collected
}

// Name is the file name without directory and extension.
func (f *File) Name() string {
	return strings.TrimSuffix(filepath.Base(f.Path), ".txt")
}

type verb int

const (
	command verb = iota
	raw
	sleep
	wait
	closeConn
	halfClose
)

// Step is one line of a script.
type Step struct {
	Line    int
	Text    string // as written
	conn    string
	verb    verb
	args    []string // of a command
	bytes   string   // of raw
	limit   time.Duration
	proto   int // 0: both
	norms   []string
	replies int // frames to wait for; -1: as the command needs
	save    string
	// anyOrder: what a connection receives may come in any order.
	anyOrder bool
}

// Command returns the arguments of a step that is a command, nil of another.
func (s *Step) Command() []string {
	if s.verb != command {
		return nil
	}
	return s.args
}

// Load parses all scripts that match the glob pattern.
func Load(pattern string) ([]*File, error) {
	paths, err := filepath.Glob(pattern)
	if err != nil {
		return nil, err
	}
	var files []*File
	for _, p := range paths {
		f, err := parseFile(p)
		if err != nil {
			return nil, err
		}
		files = append(files, f)
	}
	return files, nil
}

func parseFile(path string) (*File, error) {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return Parse(path, b)
}

// Parse reads a script; errors name path and line.
func Parse(path string, text []byte) (*File, error) {
	f := &File{Path: path, Protos: []int{2, 3}}
	sc := bufio.NewScanner(bytes.NewReader(text))
	sc.Buffer(nil, 1<<20)
	for line := 1; sc.Scan(); line++ {
		s := strings.TrimSpace(sc.Text())
		if s == "" || s[0] == '#' {
			continue
		}
		if err := f.add(line, s); err != nil {
			return nil, fmt.Errorf("%s:%d: %w", path, line, err)
		}
	}
	return f, sc.Err()
}

func (f *File) add(line int, s string) error {
	words, err := split(s)
	if err != nil {
		return err
	}
	switch words[0] {
	case "@needs":
		f.Needs = append(f.Needs, words[1:]...)
		return nil
	case "@only":
		f.Protos = f.Protos[:0]
		for _, w := range words[1:] {
			n, err := strconv.Atoi(w)
			if err != nil || n != 2 && n != 3 {
				return fmt.Errorf("no protocol %q", w)
			}
			f.Protos = append(f.Protos, n)
		}
		return nil
	}
	step, err := parseStep(words)
	if err != nil {
		return err
	}
	step.Line, step.Text = line, s
	f.Steps = append(f.Steps, step)
	f.multi = f.multi || step.conn != "c1" || step.verb == wait || step.verb == raw
	return nil
}

var connPrefix = regexp.MustCompile(`^(\w+)>$`)

func parseStep(words []string) (Step, error) {
	s := Step{conn: "c1", replies: -1}
	for ; len(words) > 0; words = words[1:] {
		w := words[0]
		if m := connPrefix.FindStringSubmatch(w); m != nil {
			s.conn = m[1]
		} else if !strings.HasPrefix(w, "@") || repArg.MatchString(w) {
			break
		} else if err := s.directive(w[1:]); err != nil {
			return s, err
		}
	}
	if len(words) == 0 {
		return s, fmt.Errorf("no command")
	}
	return s, s.action(words)
}

func (s *Step) directive(d string) error {
	name, arg, _ := strings.Cut(d, ":")
	switch {
	case d == "2" || d == "3":
		s.proto = int(d[0] - '0')
	case d == "anyorder":
		s.anyOrder = true
	case d == "blocks":
		s.replies = 0
	case name == "replies":
		n, err := strconv.Atoi(arg)
		if err != nil {
			return err
		}
		s.replies = n
	case name == "save":
		s.save = arg
	case reply.Known(d):
		s.norms = append(s.norms, d)
	default:
		return fmt.Errorf("unknown directive @%s", d)
	}
	return nil
}

func (s *Step) action(words []string) (err error) {
	switch words[0] {
	case "raw":
		s.verb, s.bytes = raw, ""
		for _, w := range expand(words[1:]) {
			s.bytes += w
		}
	case "sleep", "wait":
		s.verb = sleep
		if words[0] == "wait" {
			s.verb = wait
		}
		if len(words) != 2 {
			return fmt.Errorf("%s needs a duration", words[0])
		}
		s.limit, err = time.ParseDuration(words[1])
	case "close":
		s.verb = closeConn
	case "halfclose":
		s.verb = halfClose
	default:
		s.args = expand(words)
	}
	return err
}

var (
	repArg = regexp.MustCompile(`(?s)^@rep\((\d+),(.*)\)$`)
	seqArg = regexp.MustCompile(`(?s)^@seq\((-?\d+),(-?\d+),(.*)\)$`)
)

// expand replaces the @rep and @seq arguments.
func expand(words []string) []string {
	var out []string
	for _, w := range words {
		if m := repArg.FindStringSubmatch(w); m != nil {
			n, _ := strconv.Atoi(m[1])
			out = append(out, strings.Repeat(m[2], n))
		} else if m := seqArg.FindStringSubmatch(w); m != nil {
			from, _ := strconv.Atoi(m[1])
			to, _ := strconv.Atoi(m[2])
			for i := from; i <= to; i++ {
				for _, p := range strings.Split(m[3], ",") {
					out = append(out, strings.ReplaceAll(p, "%d", strconv.Itoa(i)))
				}
			}
		} else {
			out = append(out, w)
		}
	}
	return slices.Clip(out)
}

// split cuts a line into words by the quoting rules of inline commands.
func split(s string) ([]string, error) {
	var words []string
	for i := 0; ; {
		for i < len(s) && (s[i] == ' ' || s[i] == '\t') {
			i++
		}
		if i == len(s) {
			return words, nil
		}
		w, n, err := word(s[i:])
		if err != nil {
			return nil, err
		}
		words = append(words, w)
		i += n
	}
}

// word reads one word and returns it with its length in s.
func word(s string) (string, int, error) {
	var b []byte
	for i := 0; i < len(s); i++ {
		switch c := s[i]; c {
		case ' ', '\t':
			return string(b), i, nil
		case '"', '\'':
			part, n, err := quoted(s[i:])
			if err != nil {
				return "", 0, err
			}
			b = append(b, part...)
			i += n - 1
			if i+1 < len(s) && s[i+1] != ' ' && s[i+1] != '\t' {
				return "", 0, fmt.Errorf("text after a closing quote")
			}
		default:
			b = append(b, c)
		}
	}
	return string(b), len(s), nil
}

// quoted reads a quoted part and returns it with its length, quotes included.
func quoted(s string) ([]byte, int, error) {
	var b []byte
	q := s[0]
	for i := 1; i < len(s); i++ {
		switch {
		case s[i] == q:
			return b, i + 1, nil
		case q == '"' && s[i] == '\\' && i+3 < len(s) && s[i+1] == 'x':
			n, err := strconv.ParseUint(s[i+2:i+4], 16, 8)
			if err != nil {
				return nil, 0, err
			}
			b = append(b, byte(n))
			i += 3
		case s[i] == '\\' && i+1 < len(s) && (q == '"' || s[i+1] == '\''):
			i++
			b = append(b, unescape(s[i]))
		default:
			b = append(b, s[i])
		}
	}
	return nil, 0, fmt.Errorf("unbalanced quotes")
}

func unescape(c byte) byte {
	switch c {
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	case 'b':
		return '\b'
	case 'a':
		return '\a'
	}
	return c
}
