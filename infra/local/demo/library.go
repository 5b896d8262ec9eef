package demo

import (
	"bytes"
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"mime/multipart"
	"net/http"
	"net/url"
	"time"
)

//go:embed library.json
var library []byte

// shelved is a resource that came out so many days ago. Of the series and the
// cohorts that it may come from, it takes the first that there is.
type shelved struct {
	DaysAgo  int            `json:"days_ago"`
	Series   []string       `json:"series"`
	Cohort   []string       `json:"cohort"`
	Seconds  int            `json:"seconds"` // of a recording, made here
	Resource map[string]any `json:"resource"`
}

// publishLibrary writes and publishes the resources as the team does, the
// oldest first, with recordings that are a sound and no voice.
func (c caller) publishLibrary(now time.Time) error {
	var all []shelved
	if err := json.Unmarshal(library, &all); err != nil {
		return err
	}
	team, err := c.asTeam()
	if err != nil {
		return err
	}
	for _, s := range all {
		if err := team.publish(s, now); err != nil {
			return err
		}
	}
	// The search index is kept, as each hour does.
	return c.call(http.MethodPost, "/_dev/schedules/save-search-index", nil, nil)
}

func (c caller) publish(s shelved, now time.Time) error {
	s.Resource["published_on"] = now.AddDate(0, 0, -s.DaysAgo).Format(time.DateOnly)
	for _, slug := range s.Series {
		var met struct{ Items []struct{ ID string } }
		if err := c.call(http.MethodGet, "/v1/sessions?from=2000-01-01&limit=1&series="+url.QueryEscape(slug), nil, &met); err != nil {
			return err
		}
		if len(met.Items) > 0 {
			s.Resource["series"], s.Resource["sessions"] = slug, []string{met.Items[0].ID}
			break
		}
	}
	for _, slug := range s.Cohort {
		err := c.call(http.MethodGet, "/v1/cohorts/"+slug, nil, nil)
		if err == nil {
			s.Resource["cohort"] = slug
			break
		}
		if status(err) != http.StatusNotFound {
			return err
		}
	}
	if s.Seconds > 0 {
		id, err := c.sendRecording(fmt.Sprintf("episode-%v", s.Resource["episode"]), tone(s.Seconds))
		if err != nil {
			return err
		}
		s.Resource["audio"] = map[string]any{"media": id, "seconds": s.Seconds}
	}
	var made struct{ Slug string }
	if err := c.call(http.MethodPost, "/v1/resources", s.Resource, &made); err != nil {
		return err
	}
	return c.call(http.MethodPost, "/v1/resources/"+made.Slug+"/publish", nil, nil)
}

// sendRecording sends a file as a browser does, and returns its id.
func (c caller) sendRecording(name string, content []byte) (string, error) {
	var sent struct {
		ID   string `json:"media_id"`
		Form struct {
			URL    string            `json:"url"`
			Fields map[string]string `json:"fields"`
		} `json:"form"`
	}
	if err := c.call(http.MethodPost, "/v1/media", map[string]string{"name": name, "type": "audio/wav"}, &sent); err != nil {
		return "", err
	}
	var body bytes.Buffer
	form := multipart.NewWriter(&body)
	for field, value := range sent.Form.Fields {
		if err := form.WriteField(field, value); err != nil {
			return "", err
		}
	}
	file, err := form.CreateFormFile("file", name)
	if err != nil {
		return "", err
	}
	if _, err := file.Write(content); err != nil {
		return "", err
	}
	if err := form.Close(); err != nil {
		return "", err
	}
	request, err := http.NewRequestWithContext(c.ctx, http.MethodPost, sent.Form.URL, &body)
	if err != nil {
		return "", err
	}
	request.Header.Set("Content-Type", form.FormDataContentType())
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return "", err
	}
	defer answer.Body.Close()
	if answer.StatusCode >= http.StatusMultipleChoices {
		return "", fmt.Errorf("the bucket answers %d", answer.StatusCode)
	}
	return sent.ID, c.call(http.MethodPost, "/v1/media/"+sent.ID+"/complete", nil, nil)
}

// tone is a soft chord in a WAV file: 8,000 samples of 8 bits a second.
func tone(seconds int) []byte {
	const rate = 8_000
	size := uint32(rate * seconds)
	out := []byte("RIFF")
	out = binary.LittleEndian.AppendUint32(out, 36+size)
	out = append(out, "WAVEfmt \x10\x00\x00\x00\x01\x00\x01\x00"...)
	out = binary.LittleEndian.AppendUint32(out, rate)
	out = binary.LittleEndian.AppendUint32(out, rate) // bytes a second
	out = append(out, "\x01\x00\x08\x00data"...)
	out = binary.LittleEndian.AppendUint32(out, size)
	for i := range size {
		at := float64(i) / rate
		fade := math.Sin(math.Pi * float64(i) / float64(size))
		wave := math.Sin(2*math.Pi*220*at) + math.Sin(2*math.Pi*277.18*at) + math.Sin(2*math.Pi*329.63*at)
		out = append(out, byte(128+30*fade*wave))
	}
	return out
}
