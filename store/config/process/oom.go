package process

import (
	"os"
	"strconv"
	"strings"

	"spindle/store/config"
)

// oomFile is Linux's; where it does not exist, nothing can be adjusted.
const oomFile = "/proc/self/oom_score_adj"

// OomScore adjusts how soon the kernel kills this process when memory runs out. The zero value is ready.
type OomScore struct {
	file    string // for tests; empty: oomFile
	base    int    // the score before we changed it
	changed bool
}

// Apply sets the score that the configuration gives a master; "no" takes an earlier change back.
func (o *OomScore) Apply(c *config.Config) error {
	if c.OomScoreAdj == config.OomNo && !o.changed {
		return nil
	}
	file := o.file
	if file == "" {
		file = oomFile
	}
	if !o.changed {
		b, err := os.ReadFile(file)
		if err == nil {
			o.base, err = strconv.Atoi(strings.TrimSpace(string(b)))
		}
		if err != nil {
			return err
		}
	}
	score := o.base
	switch c.OomScoreAdj {
	case config.OomYes, config.OomRelative:
		score += c.OomScoreAdjValues[0]
	case config.OomAbsolute:
		score = c.OomScoreAdjValues[0]
	}
	score = min(max(score, -1000), 1000)
	if err := os.WriteFile(file, []byte(strconv.Itoa(score)), 0o644); err != nil {
		return err
	}
	o.changed = c.OomScoreAdj != config.OomNo
	return nil
}
