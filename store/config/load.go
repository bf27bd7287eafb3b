package config

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Version is the version of Redis whose configuration this is.
const Version = "7.0.15"

// Usage is the text for --help, with %[1]s for the program's name.
const Usage = `Usage: %[1]s [/path/to/redis.conf] [options] [-]
       %[1]s - (read config from stdin)
       %[1]s -v or --version
       %[1]s -h or --help

Examples:
       %[1]s (run the server with default conf)
       echo 'maxmemory 128mb' | %[1]s -
       %[1]s /etc/redis/6379.conf
       %[1]s --port 7777
       %[1]s --port 7777 --loglevel verbose
       %[1]s /etc/myredis.conf --loglevel verbose -
       %[1]s /etc/myredis.conf --loglevel verbose
`

// Action is what the command line asks for.
type Action uint8

const (
	Run         Action = iota
	ShowVersion        // exit status 0
	ShowHelp           // exit status 1, like redis-server
)

// LoadInfo tells what Load found besides the configuration.
type LoadInfo struct {
	Action    Action
	FromStdin bool   // part of the configuration came from standard input
	Stdin     string // that part
	Given     bool   // there was a file or an option; without, Redis warns that it uses the defaults
}

// LoadError is a reason not to start: print it and exit with 1.
type LoadError struct {
	// Log says that Redis writes this text with its logger, not plainly to standard error.
	Log  bool
	Text string
}

func (e *LoadError) Error() string { return e.Text }

const (
	maxIncludes  = 16       // depth of files that include files
	maxFileBytes = 64 << 20 // of one file or standard input
)

// Load reads the configuration that the command line (without the program's name) asks for: a file
// first, then standard input for a first or last argument "-", then the options. An error is a *LoadError.
func Load(args []string, stdin io.Reader) (*Config, LoadInfo, error) {
	c := Defaults()
	info := LoadInfo{Given: len(args) > 0}
	if len(args) > 0 {
		switch args[0] {
		case "-v", "--version":
			info.Action = ShowVersion
			return c, info, nil
		case "-h", "--help":
			info.Action = ShowHelp
			return c, info, nil
		}
	}
	if slices.Contains(args, "--sentinel") {
		return nil, info, &LoadError{Text: "There is no sentinel mode"}
	}
	if len(args) > 0 && !strings.HasPrefix(args[0], "-") {
		c.File = c.Path(args[0])
		args = args[1:]
	}
	options, fromStdin := joinOptions(args)
	info.FromStdin = fromStdin
	l := loader{c: c, seen: map[*Directive]bool{}}
	text, err := l.readFiles(c.File)
	if err == nil && fromStdin {
		info.Stdin, err = readStdin(stdin)
	}
	if err == nil {
		text += info.Stdin
		if options != "" {
			text += "\n" + options
		}
		err = l.loadText(text)
	}
	if err != nil {
		return nil, info, err
	}
	if err := l.finish(); err != nil {
		return nil, info, err
	}
	return c, info, nil
}

// joinOptions turns the command line into lines of a configuration file. Every argument that starts
// with "--", where a value is not due, begins a line; the others are quoted words of it.
func joinOptions(args []string) (text string, fromStdin bool) {
	var b strings.Builder
	valueDue := false
	for i, arg := range args {
		last := i == len(args)-1
		switch {
		case (i == 0 || last) && arg == "-":
			fromStdin = true
		case !valueDue && strings.HasPrefix(arg, "--"):
			if b.Len() > 0 {
				b.WriteByte('\n')
			}
			b.WriteString(arg[2:] + " ")
			words, _ := splitWords(arg)
			valueDue = len(words) == 1 // more: name and value in one argument, like "--port 6380"
			// An empty --save stands for --save "": scripts build such lines from empty lists.
			if valueDue && strings.EqualFold(arg, "--save") && (last || strings.HasPrefix(args[i+1], "--")) {
				b.WriteString(`""`)
				valueDue = false
			}
		default:
			b.WriteString(Quote(arg) + " ")
			valueDue = false
		}
	}
	return b.String(), fromStdin
}

// loader fills a Config from text.
type loader struct {
	c       *Config
	seen    map[*Directive]bool // set by an earlier line
	given   []*Directive        // directives without effect that were set, in order
	depth   int                 // of includes
	modules bool                // options of modules were given
}

// position is where a directive stands: for error texts.
type position struct {
	number int // from 1; 0 if the error concerns no line
	text   string
}

func (p position) fail(reason string) error {
	text := "\n*** FATAL CONFIG FILE ERROR (Redis " + Version + ") ***\n"
	if p.number > 0 {
		text += fmt.Sprintf("Reading the configuration file, at line %d\n>>> '%s'\n", p.number, p.text)
	}
	return &LoadError{Text: text + reason}
}

func readStdin(stdin io.Reader) (string, error) {
	text, err := readLimited(stdin)
	if err != nil {
		return "", &LoadError{Log: true, Text: "Fatal error, can't read config from stdin: " + SystemText(err)}
	}
	return text, nil
}

// readFiles reads the file, or all that match if its name has wildcards.
func (l *loader) readFiles(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	names := []string{l.c.Path(name)}
	if strings.ContainsAny(name, "*?[") {
		names, _ = filepath.Glob(names[0])
	}
	var all strings.Builder
	for _, n := range names {
		text, err := readFile(n)
		if err != nil {
			if len(names) == 1 {
				n = name
			}
			return "", &LoadError{Log: true, Text: fmt.Sprintf("Fatal error, can't open config file '%s': %s", n, SystemText(err))}
		}
		all.WriteString(text)
	}
	return all.String(), nil
}

func readFile(name string) (string, error) {
	f, err := os.Open(name)
	if err != nil {
		return "", err
	}
	defer f.Close()
	return readLimited(f)
}

func readLimited(r io.Reader) (string, error) {
	b, err := io.ReadAll(io.LimitReader(r, maxFileBytes+1))
	if err == nil && len(b) > maxFileBytes {
		err = fmt.Errorf("longer than %d bytes", maxFileBytes)
	}
	return string(b), err
}

func (l *loader) loadText(text string) error {
	number := 0
	for text := range strings.SplitSeq(text, "\n") {
		number++
		text = strings.Trim(text, " \t\r\n")
		if text == "" || text[0] == '#' {
			continue
		}
		at := position{number, text}
		words, ok := splitWords(text)
		if !ok {
			return at.fail("Unbalanced quotes in configuration line")
		}
		if len(words) == 0 { // white space that the trimming above leaves: \v, \f
			continue
		}
		if err := l.directive(at, strings.ToLower(words[0]), words[1:]); err != nil {
			return err
		}
	}
	return nil
}

func (l *loader) directive(at position, name string, words []string) error {
	if d := byName[name]; d != nil {
		return l.set(d, at, words)
	}
	switch {
	case name == "include" && len(words) == 1:
		return l.include(at, words[0])
	case name == "rename-command" && len(words) == 2:
		l.c.RenameCommands = append(l.c.RenameCommands, Line{words, at})
	case name == "user" && len(words) >= 1:
		l.c.Users = append(l.c.Users, Line{words, at})
	case name == "loadmodule" && len(words) >= 1:
		l.c.LoadModules = append(l.c.LoadModules, Line{words, at})
	case (name == "list-max-ziplist-entries" || name == "list-max-ziplist-value") && len(words) == 1:
		// Long gone from Redis too, which takes them in silence.
	case name == "sentinel":
		return at.fail("sentinel directive while not in sentinel mode")
	case strings.Contains(name, "."):
		if len(words) == 0 {
			return at.fail("Module config specified without value")
		}
		l.modules = true
	default:
		return at.fail("Bad directive or wrong number of arguments")
	}
	return nil
}

func (l *loader) set(d *Directive, at position, words []string) error {
	if !d.has(MultiArg) && len(words) != 1 {
		return at.fail(string(errWords))
	}
	if d.has(MultiArg) && len(words) == 1 && words[0] != "" {
		var ok bool
		if words, ok = splitWords(words[0]); !ok {
			return at.fail("Unbalanced quotes in configuration line")
		}
	}
	v, err := d.kind.parse(l.c.env(d, l.seen[d]), words)
	if err != nil {
		return at.fail(err.Error())
	}
	l.c.store(d, v)
	if !l.seen[d] && d.NoEffect != "" {
		l.given = append(l.given, d)
	}
	l.seen[d] = true
	return nil
}

func (l *loader) include(at position, name string) error {
	if l.depth == maxIncludes {
		return at.fail("Too many nested includes")
	}
	l.depth++
	defer func() { l.depth-- }()
	text, err := l.readFiles(name)
	if err != nil {
		return err
	}
	return l.loadText(text)
}

// finish checks what no single line can and collects the warnings.
func (l *loader) finish() error {
	c := l.c
	c.AppendonlyGiven = l.seen[byName["appendonly"]]
	if !c.Appendonly && !l.seen[byName["save"]] {
		c.Save = slices.Clone(redisSavePoints)
	}
	if c.Logfile != "" {
		f, err := os.OpenFile(c.Path(c.Logfile), os.O_WRONLY|os.O_APPEND|os.O_CREATE, 0o666)
		if err != nil {
			return position{}.fail("Can't open the log file: " + SystemText(err))
		}
		f.Close()
	}
	if l.modules && len(c.LoadModules) == 0 {
		return &LoadError{Log: true, Text: "Module Configuration detected without loadmodule directive or no ApplyConfig call: aborting"}
	}
	l.warn()
	return nil
}

// warn words one warning for every directive without effect that asks for anything unusual, and one for all
// those that ask for the default.
func (l *loader) warn() {
	c := l.c
	var usual []string
	for _, d := range l.given {
		if c.isDefault(d) {
			usual = append(usual, d.Name)
			continue
		}
		c.Warnings = append(c.Warnings, c.warning(d))
	}
	for _, m := range c.LoadModules {
		c.Warnings = append(c.Warnings, "loadmodule "+m.Args[0]+" has no effect: "+reasonModules)
	}
	if len(usual) > 0 {
		c.Warnings = append(c.Warnings, "These directives have their usual value, but no effect: "+strings.Join(usual, ", "))
	}
}

// warning says that d, whatever its value, has no effect. It is worded once.
func (c *Config) warning(d *Directive) string {
	c.warned[d] = true
	return "The directive " + d.Name + " has no effect: " + d.NoEffect
}
