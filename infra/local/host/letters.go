package host

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"slices"
	"sync"
	"time"

	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/web"
)

// letter is what was given up: a change of a table, or a run of a schedule.
// Like AWS's dead letters, one of a change says where the change is, and
// nothing of what is in it.
type letter struct {
	ID       string         `json:"id"`
	Function string         `json:"function"`
	Table    function.Table `json:"table,omitempty"`
	EventID  string         `json:"event_id,omitempty"`
	Stream   string         `json:"stream,omitempty"`
	Shard    string         `json:"shard,omitempty"`
	Sequence string         `json:"sequence,omitempty"`
	Changed  time.Time      `json:"changed,omitzero"`
	Schedule string         `json:"schedule,omitempty"`
	Due      time.Time      `json:"due,omitzero"`
	Reason   string         `json:"reason"`
	At       time.Time      `json:"at"`
}

// letters are kept with the data: a change that was given up does not come
// again after a restart either.
type letters struct {
	file string // empty: in memory
	mu   sync.Mutex
	list []letter
}

func openLetters(file string) (*letters, error) {
	l := &letters{file: file, list: []letter{}}
	if file == "" {
		return l, nil
	}
	text, err := os.ReadFile(file)
	if errors.Is(err, os.ErrNotExist) {
		return l, nil
	}
	if err != nil {
		return nil, err
	}
	if err := json.Unmarshal(text, &l.list); err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return l, nil
}

func (l *letters) all() []letter {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.list)
}

func (l *letters) add(one letter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = append(l.list, one)
	return l.keep()
}

// remove takes a letter away; ok is false when it is not there.
func (l *letters) remove(id string) (ok bool, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	left := slices.DeleteFunc(slices.Clone(l.list), func(one letter) bool { return one.ID == id })
	if len(left) == len(l.list) {
		return false, nil
	}
	l.list = left
	return true, l.keep()
}

func (l *letters) empty() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.list = []letter{}
	return l.keep()
}

func (l *letters) keep() error {
	if l.file == "" {
		return nil
	}
	text, err := json.Marshal(l.list)
	if err != nil {
		return err
	}
	return writeFile(l.file, text)
}

// bury keeps what is given up, and says so.
func (h *Host) bury(dead letter) {
	dead.ID, dead.At = h.id("letter"), h.clock.Now()
	h.options.Log.Error("given up", "function", dead.Function, "table", dead.Table, "event_id", dead.EventID, "schedule", dead.Schedule, "reason", dead.Reason)
	if err := h.letters.add(dead); err != nil {
		h.options.Log.Error("dead letter not kept", "function", dead.Function, "error", err)
	}
}

func (h *Host) showLetters(w http.ResponseWriter, _ *http.Request) error {
	return web.JSON(w, http.StatusOK, h.letters.all())
}

// leaveLetter gives up a run of a schedule without having tried it, to see what
// the team's page of dead letters makes of it.
func (h *Host) leaveLetter(w http.ResponseWriter, r *http.Request) error {
	var in struct{ Schedule, Reason string }
	if err := json.NewDecoder(io.LimitReader(r.Body, web.MaxBody)).Decode(&in); err != nil {
		return fault.New(fault.Malformed, "malformed-letter", `Envoyez {"schedule":"compile-bilan","reason":"…"}.`)
	}
	for _, u := range h.units {
		for _, s := range u.Schedules {
			if s.Name == in.Schedule {
				h.bury(letter{Function: u.Name, Schedule: s.Name, Due: h.clock.Now(), Reason: in.Reason})
				return h.showLetters(w, r)
			}
		}
	}
	return fault.New(fault.NotFound, "unknown-schedule", "Aucune fonction ne déclare cette planification.")
}

// emptyLetters forgets them all, once their cause is mended.
func (h *Host) emptyLetters(w http.ResponseWriter, _ *http.Request) error {
	if err := h.letters.empty(); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
