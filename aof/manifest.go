package aof

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"spindle/resp"
)

// The types of file a manifest names, as it spells them.
const (
	typeBase    = 'b'
	typeIncr    = 'i'
	typeHistory = 'h'
)

const manifestLineMax = 1024 // bytes, the line end included

// fileInfo is one line of the manifest.
type fileInfo struct {
	name string // without a directory
	seq  int64
	kind byte
}

// manifest lists the files that together are the data set: the base, then
// the increments in order. History files are no longer part of it and wait
// to be removed. A manifest is a value: change a clone, persist it, adopt it.
type manifest struct {
	base    fileInfo // name "" when there is none
	incrs   []fileInfo
	history []fileInfo
	// The highest numbers given out, so that no name is used twice.
	baseSeq, incrSeq int64
}

func (m *manifest) empty() bool { return m.base.name == "" && len(m.incrs) == 0 }

func (m *manifest) clone() *manifest {
	c := *m
	c.incrs = append([]fileInfo(nil), m.incrs...)
	c.history = append([]fileInfo(nil), m.history...)
	return &c
}

// live returns the files to load, in order.
func (m *manifest) live() []fileInfo {
	var files []fileInfo
	if m.base.name != "" {
		files = append(files, m.base)
	}
	return append(files, m.incrs...)
}

// addIncr adds the next increment of the log called name and returns it.
func (m *manifest) addIncr(name string) fileInfo {
	m.incrSeq++
	info := fileInfo{fmt.Sprintf("%s.%d.incr.aof", name, m.incrSeq), m.incrSeq, typeIncr}
	m.incrs = append(m.incrs, info)
	return info
}

// setBase puts a new base in the place of the old one, which becomes history.
func (m *manifest) setBase(name, suffix string) fileInfo {
	if m.base.name != "" {
		m.base.kind = typeHistory
		m.history = append(m.history, m.base)
	}
	m.baseSeq++
	m.base = fileInfo{fmt.Sprintf("%s.%d.base.%s", name, m.baseSeq, suffix), m.baseSeq, typeBase}
	return m.base
}

// retireIncrs makes history of the increments whose number is below keep.
func (m *manifest) retireIncrs(keep int64) {
	kept := m.incrs[:0]
	for _, info := range m.incrs {
		if info.seq >= keep {
			kept = append(kept, info)
			continue
		}
		info.kind = typeHistory
		m.history = append(m.history, info)
	}
	m.incrs = kept
}

// encode returns the manifest's text: base, history, increments.
func (m *manifest) encode() []byte {
	var out []byte
	line := func(info fileInfo) {
		out = append(out, "file "...)
		out = appendName(out, info.name)
		out = append(out, " seq "...)
		out = strconv.AppendInt(out, info.seq, 10)
		out = append(out, " type "...)
		out = append(out, info.kind, '\n')
	}
	if m.base.name != "" {
		line(m.base)
	}
	for _, info := range m.history {
		line(info)
	}
	for _, info := range m.incrs {
		line(info)
	}
	if len(out) == 0 {
		// Data files without a manifest are refused at start, and so is an empty
		// manifest. This one tells a directory whose first base is not written
		// yet from one that lost its manifest.
		out = append(out, "# The first base file is not complete yet.\n"...)
	}
	return out
}

// manifestError is a manifest that cannot be read, in Redis's words.
type manifestError struct {
	line int // 0: none in particular
	text string
	why  string
}

func (e *manifestError) Error() string {
	const head = "*** FATAL AOF MANIFEST FILE ERROR *** "
	if e.line == 0 {
		return head + e.why
	}
	return fmt.Sprintf("%sReading the manifest file, at line %d >>> '%s': %s", head, e.line, e.text, e.why)
}

// parseManifest reads the text of a manifest.
func parseManifest(text []byte) (*manifest, error) {
	m := &manifest{}
	if len(text) == 0 {
		return nil, &manifestError{why: "Found an empty AOF manifest"}
	}
	for n := 1; len(text) > 0; n++ {
		end := bytes.IndexByte(text, '\n')
		if text[0] == '#' {
			if end < 0 {
				break
			}
			text = text[end+1:]
			continue
		}
		if end < 0 || end >= manifestLineMax {
			return nil, &manifestError{why: "The AOF manifest file contains too long line"}
		}
		line := strings.Trim(string(text[:end]), " \t\r\n")
		text = text[end+1:]
		if why := m.addLine(line); why != "" {
			return nil, &manifestError{n, line, why}
		}
	}
	return m, nil
}

// addLine takes in one line; it returns what is wrong with it, or "".
func (m *manifest) addLine(line string) string {
	const invalid = "Invalid AOF manifest file format"
	words, ok := resp.SplitArgs([]byte(line))
	// More than six words are for later versions to use.
	if !ok || len(words) < 6 || len(words)%2 != 0 {
		return invalid
	}
	var info fileInfo
	for i := 0; i < len(words); i += 2 {
		value := string(words[i+1])
		switch strings.ToLower(string(words[i])) {
		case "file":
			if strings.ContainsAny(value, `/\`) {
				return "File can't be a path, just a filename"
			}
			info.name = value
		case "seq":
			info.seq, _ = strconv.ParseInt(value, 10, 64)
		case "type":
			if value != "" {
				info.kind = value[0]
			}
		}
	}
	if info.name == "" || info.seq <= 0 || info.kind == 0 {
		return invalid
	}
	return m.add(info)
}

func (m *manifest) add(info fileInfo) string {
	switch info.kind {
	case typeBase:
		if m.base.name != "" {
			return "Found duplicate base file information"
		}
		m.base = info
		m.baseSeq = info.seq
	case typeHistory:
		m.history = append(m.history, info)
	case typeIncr:
		if info.seq <= m.incrSeq {
			return "Found a non-monotonic sequence number"
		}
		m.incrs = append(m.incrs, info)
		m.incrSeq = info.seq
	default:
		return "Unknown AOF file type"
	}
	return ""
}

// dir is the append-only directory of one log: where its manifest is read
// and replaced.
type dir struct {
	fs   FS
	path string
	name string // appendfilename, the prefix of all names
}

func (d dir) join(name string) string  { return filepath.Join(d.path, name) }
func (d dir) manifestName() string     { return d.name + ".manifest" }
func (d dir) tempManifestName() string { return "temp-" + d.name + ".manifest" }

// load reads the manifest; it returns nil, nil when there is none.
func (d dir) load() (*manifest, error) {
	path := d.join(d.manifestName())
	f, err := d.fs.OpenFile(path, os.O_RDONLY)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("Fatal error: can't open the AOF manifest file %s for reading: %w", d.manifestName(), err)
	}
	defer f.Close()
	text, err := io.ReadAll(f)
	if err != nil {
		return nil, &manifestError{why: "Read AOF manifest failed: " + err.Error()}
	}
	return parseManifest(text)
}

// persist replaces the manifest on disk by m. With replaced true and an error,
// m is in place but the directory could not be synced: until SyncDir succeeds
// a power loss may bring back the old one, so no file of either may go.
func (d dir) persist(m *manifest) (replaced bool, err error) {
	temp := d.join(d.tempManifestName())
	f, err := d.fs.OpenFile(temp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC)
	if err != nil {
		return false, fmt.Errorf("Can't open the AOF manifest file %s: %w", d.tempManifestName(), err)
	}
	_, err = f.Write(m.encode())
	if err == nil {
		err = f.Sync()
	}
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	if err != nil {
		return false, fmt.Errorf("Error trying to write the temporary AOF manifest file %s: %w", d.tempManifestName(), err)
	}
	if err := d.fs.Rename(temp, d.join(d.manifestName())); err != nil {
		return false, fmt.Errorf("Error trying to rename the temporary AOF manifest file %s into %s: %w", d.tempManifestName(), d.manifestName(), err)
	}
	if err := d.fs.SyncDir(d.path); err != nil {
		return true, fmt.Errorf("Fail to fsync AOF directory %s: %w", d.path, err)
	}
	return true, nil
}
