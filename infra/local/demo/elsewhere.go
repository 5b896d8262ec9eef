package demo

import (
	"cmp"
	_ "embed"
	"encoding/json"
)

//go:embed 2023/elsewhere.json
var elsewhere []byte

// recordElsewhere notes that the team records what happened elsewhere, on the
// evening of its day.
func (d *diary) recordElsewhere() error {
	var told struct {
		Facts []struct {
			Type string         `json:"type"`
			Data map[string]any `json:"data"`
		} `json:"facts"`
	}
	if err := json.Unmarshal(elsewhere, &told); err != nil {
		return err
	}
	for _, fact := range told.Facts {
		on, _ := fact.Data["on"].(string)
		started, _ := fact.Data["started_on"].(string)
		d.note(moment(cmp.Or(on, started), 19), func(c caller) error { return c.byTeam("/v1/facts", fact, nil) })
	}
	return nil
}
