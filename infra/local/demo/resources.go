package demo

import (
	_ "embed"
	"encoding/json"
)

//go:embed 2023/resources.json
var resources2023 []byte

// publish notes that the team writes resources and publishes them, each on its
// day.
func (d *diary) publish() error {
	var year struct {
		Resources []struct {
			Resource map[string]any `json:"resource"`
		} `json:"resources"`
	}
	if err := json.Unmarshal(resources2023, &year); err != nil {
		return err
	}
	for _, r := range year.Resources {
		slug, on := r.Resource["slug"].(string), r.Resource["published_on"].(string)
		d.note(moment(on, 9), func(c caller) error {
			if err := c.byTeam("/v1/resources", r.Resource, nil); err != nil {
				return err
			}
			return c.byTeam("/v1/resources/"+slug+"/publish", nil, nil)
		})
	}
	return nil
}
