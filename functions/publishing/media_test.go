package publishing

import (
	"bytes"
	"errors"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"github.com/fabrique-des-transitions/fabrique/shared/function"
	"github.com/fabrique-des-transitions/fabrique/shared/function/functiontest"
	"github.com/fabrique-des-transitions/fabrique/shared/storage"
)

// announceFile announces a file and sends a content for it.
func (w *world) announceFile(mediaType string, content []byte) (sent media, status int) {
	w.t.Helper()
	w.team(http.StatusCreated, "POST", "/v1/media", map[string]string{"name": "Épisode 12.final.mp3", "type": mediaType}, &sent)
	return sent, w.send(sent.Form.Fields, sent.Form.URL, content)
}

// TestAFileIsServedOnceItsContentIsWhatItSays.
func TestAFileIsServedOnceItsContentIsWhatItSays(t *testing.T) {
	w := newWorld(t)
	sent, status := w.announceFile("audio/wav", wav(2))
	if status != 204 || sent.Status != awaited || sent.Most != 200<<20 {
		t.Fatalf("%d %+v", status, sent)
	}
	w.call(404, "GET", "/media/"+sent.ID+"/episode-12-final.wav", nil, nil)
	w.call(401, "POST", "/v1/media/"+sent.ID+"/complete", nil, nil)
	w.team(200, "POST", "/v1/media/"+sent.ID+"/complete", nil, &sent)
	w.team(200, "POST", "/v1/media/"+sent.ID+"/complete", nil, &sent)
	if sent.Status != ready || sent.Bytes != 16_044 || sent.URL != "/media/"+sent.ID+"/episode-12-final.wav" {
		t.Errorf("%+v", sent)
	}
	w.call(404, "GET", "/media/"+sent.ID+"/autre.wav", nil, nil)
	headers := w.call(302, "GET", sent.URL, nil, nil)
	answer, err := http.Get(headers.Get("Location"))
	if err != nil {
		t.Fatal(err)
	}
	_ = answer.Body.Close()
	if answer.StatusCode != 200 || answer.ContentLength != 16_044 || answer.Header.Get("Content-Type") != "audio/wav" {
		t.Errorf("%d %v", answer.StatusCode, answer.Header)
	}
	episode := article("Un épisode")
	episode["kind"], episode["audio"] = "podcast", map[string]any{"media": sent.ID, "seconds": 2}
	var made resource
	w.team(201, "POST", "/v1/resources", episode, &made)
	if made.Audio == nil || *made.Audio != (audio{sent.URL, 16_044, 2, "audio/wav"}) {
		t.Errorf("%+v", made.Audio)
	}
}

// TestAFileThatLiesIsRefusedAndDeleted, whatever it says that it is; what was
// checked cannot be replaced by the form that sent it.
func TestAFileThatLiesIsRefusedAndDeleted(t *testing.T) {
	w := newWorld(t)
	lies := map[string][]byte{
		"application/pdf": []byte("<html><script>alert(1)</script>%PDF-1.7"), "audio/mpeg": []byte("MZ this is a program"), "audio/mp4": wav(1),
		"audio/ogg": []byte("OggX"), "audio/wav": []byte("RIFF1234WEBPVP8 "), "image/jpeg": []byte("\x89PNG\r\n\x1a\n"), "image/png": []byte("<svg xmlns=''>"),
		"image/webp": []byte("RIFF1234WAVEfmt "),
	}
	for mediaType := range mediaTypes {
		sent, status := w.announceFile(mediaType, lies[mediaType])
		if status != 204 {
			t.Fatalf("%s: %d", mediaType, status)
		}
		w.team(422, "POST", "/v1/media/"+sent.ID+"/complete", nil, nil)
		w.team(422, "POST", "/v1/media/"+sent.ID+"/complete", nil, nil)
		if _, _, err := w.bucket.Beginning(t.Context(), incomingKey(sent.ID), 1); err == nil {
			t.Errorf("%s: what lies is kept", mediaType)
		}
		if _, _, err := w.bucket.Beginning(t.Context(), servedKey(sent.ID), 1); err == nil {
			t.Errorf("%s: what lies is served", mediaType)
		}
	}
	sent, _ := w.announceFile("audio/wav", wav(1))
	w.team(200, "POST", "/v1/media/"+sent.ID+"/complete", nil, nil)
	if status := w.send(sent.Form.Fields, sent.Form.URL, []byte("<script>")); status != 204 {
		t.Fatal(status)
	}
	if kept, err := w.bucket.Read(t.Context(), servedKey(sent.ID), 1<<20); err != nil || !bytes.Equal(kept, wav(1)) {
		t.Errorf("what was checked was replaced: %v", err)
	}
	var late media
	w.team(201, "POST", "/v1/media", map[string]string{"name": "a", "type": "audio/wav"}, &late)
	w.team(409, "POST", "/v1/media/"+late.ID+"/complete", nil, nil)
	w.team(404, "POST", "/v1/media/med_1/complete", nil, nil)
	if got := w.locations("POST", "/v1/media", map[string]string{"name": "/", "type": "text/html"}); strings.Join(got, " ") != "body.name body.type" {
		t.Error(got)
	}
	if n := len(w.Dump(function.Audit)); n != 2*len(mediaTypes)+3 {
		t.Errorf("%d entries in the trail", n)
	}
}

// TestACheckThatBreaksOffIsTriedAgain, and leaves nothing behind, whatever is
// sent meanwhile.
func TestACheckThatBreaksOffIsTriedAgain(t *testing.T) {
	lie := []byte("<script>")
	for name, c := range map[string]struct {
		sent, then []byte
		status     int
	}{
		"a good file":                 {wav(1), nil, 200},
		"a lie":                       {lie, nil, 422},
		"a good file, then another":   {wav(1), wav(2), 200},
		"a good file, then a lie":     {wav(1), lie, 422},
		"a lie, then what was wanted": {lie, wav(2), 200},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			sent, _ := w.announceFile("audio/wav", c.sent)
			check := "/v1/media/" + sent.ID + "/complete"
			w.Faults(functiontest.Always(functiontest.Throttled, "TransactWriteItems"))
			w.team(503, "POST", check, nil, nil)
			w.Faults(nil)
			last := c.sent
			if c.then != nil {
				last = c.then
				w.send(sent.Form.Fields, sent.Form.URL, last)
			}
			var checked media
			w.team(c.status, "POST", check, nil, nil)
			if c.status == 200 {
				w.team(200, "POST", check, nil, &checked)
			}
			served, err := w.bucket.Read(t.Context(), servedKey(sent.ID), 1<<20)
			if c.status == 200 && (!bytes.Equal(served, last) || checked.Bytes != int64(len(last))) || c.status != 200 && !errors.Is(err, storage.ErrNone) {
				t.Errorf("%d bytes are served, of %d: %v", len(served), len(last), err)
			}
			if _, err := w.bucket.Read(t.Context(), incomingKey(sent.ID), 1<<20); !errors.Is(err, storage.ErrNone) {
				t.Errorf("what came is left: %v", err)
			}
		})
	}
}

// TestTwoChecksAtOnceAgree on what one of them found.
func TestTwoChecksAtOnceAgree(t *testing.T) {
	w := newWorld(t)
	sent, _ := w.announceFile("audio/wav", wav(1))
	check := "/v1/media/" + sent.ID + "/complete"
	w.Faults(func(c functiontest.Call) functiontest.Fault {
		if c.Operation == "TransactWriteItems" { // the first has copied the file
			w.Faults(nil)
			w.send(sent.Form.Fields, sent.Form.URL, []byte("<script>"))
			w.team(422, "POST", check, nil, nil)
		}
		return functiontest.None
	})
	w.team(422, "POST", check, nil, nil)
	if _, err := w.bucket.Read(t.Context(), servedKey(sent.ID), 1<<20); !errors.Is(err, storage.ErrNone) {
		t.Errorf("what was refused is kept: %v", err)
	}
}

func TestSniffing(t *testing.T) {
	// A frame of MPEG 1 layer III at 128 kbit/s and 44.1 kHz is 417 bytes long, of MPEG 2 at 64 and 22.05, 208.
	mpeg1 := append([]byte{0xff, 0xfb, 0x90, 0x00}, make([]byte, 413)...)
	mpeg2 := append([]byte{0xff, 0xf3, 0x80, 0x00}, make([]byte, 204)...)
	for name, c := range map[string]struct {
		kind  string
		first []byte
		good  bool
	}{
		"ID3":            {"audio/mpeg", []byte("ID3\x04\x00\x00\x00\x00\x0f\x76TSSE"), true},
		"two frames":     {"audio/mpeg", append(append([]byte{}, mpeg1...), mpeg1...), true},
		"two of MPEG 2":  {"audio/mpeg", append(append([]byte{}, mpeg2...), mpeg2...), true},
		"one frame":      {"audio/mpeg", append(append([]byte{}, mpeg1...), make([]byte, 100)...), false},
		"UTF-16":         {"audio/mpeg", []byte("\xff\xfe<\x00h\x00t\x00"), false},
		"M4A":            {"audio/mp4", []byte("\x00\x00\x00\x20ftypM4A \x00"), true},
		"a picture HEIC": {"audio/mp4", []byte("\x00\x00\x00\x20ftypheic\x00"), false},
		"Ogg":            {"audio/ogg", []byte("OggS\x00\x02"), true},
		"PDF":            {"application/pdf", []byte("%PDF-1.7\n"), true},
		"JPEG":           {"image/jpeg", []byte("\xff\xd8\xff\xe0"), true},
		"PNG":            {"image/png", []byte("\x89PNG\r\n\x1a\n"), true},
		"WebP":           {"image/webp", []byte("RIFF\x00\x00\x00\x00WEBPVP8L"), true},
		"WAV":            {"audio/wav", wav(1), true},
	} {
		if got := mediaTypes[c.kind].looksLike(c.first); got != c.good {
			t.Errorf("%s: %t", name, got)
		}
	}
	for name, kind := range mediaTypes {
		for _, first := range [][]byte{nil, {0xff}, []byte("RIFF"), []byte("ID3"), bytes.Repeat([]byte{0xff}, 20), []byte("<!doctype html>")} {
			if kind.looksLike(first) {
				t.Errorf("%s: %q", name, first)
			}
		}
	}
}

// lastFile is the id of the file that was announced last.
func (w *world) lastFile() (id string) {
	w.t.Helper()
	for _, item := range w.Dump(function.Library) {
		if found, ok := item["media_id"].(string); ok {
			id = max(id, found)
		}
	}
	return id
}

var hiddenField = regexp.MustCompile(`<input type="hidden" name="([^"]+)" value="([^"]*)">`)

// TestAFileThatWasRefusedIsSentAgain: by a form on its page, since the bucket
// answers one that is too large in a page of its own, which leads nowhere.
func TestAFileThatWasRefusedIsSentAgain(t *testing.T) {
	d := newDesk(t)
	d.shows(200, "/equipe/fichiers/nouveau", "Image PNG, 10 Mo au plus", "Enregistrement MP3, 200 Mo au plus", "Document PDF, 50 Mo au plus")
	_, page := d.Shows(d.running, d.browser, 200, "/equipe/fichiers", url.Values{"name": {"Une affiche"}, "type": {"image/png"}}, "Image PNG, 10 Mo au plus", `aria-describedby="file-hint"`)
	id := d.lastFile()
	if !strings.Contains(page, `<a href="/equipe/fichiers/`+id+`">la page de ce fichier</a>`) {
		t.Error("nothing leads back to the file")
	}
	picture := append([]byte("\x89PNG\r\n\x1a\n"), make([]byte, 10*megabyte)...)
	fields := func(page string) map[string]string {
		form := map[string]string{}
		for _, match := range hiddenField.FindAllStringSubmatch(page[strings.Index(page, "multipart/form-data"):], -1) {
			form[match[1]] = html.UnescapeString(match[2])
		}
		return form
	}
	address := d.bucket.Origin() + "/media"
	if status := d.send(fields(page), address, picture); status < http.StatusBadRequest {
		t.Fatalf("a picture of over 10 MB: %d", status)
	}
	page = d.shows(200, "/equipe/fichiers/"+id, "Vérifier le fichier", "L’envoi a échoué ?", "10 Mo au plus", `action="`+address+`"`)
	if status := d.send(fields(page), address, picture[:1000]); status != http.StatusSeeOther {
		t.Fatalf("sent again: %d", status)
	}
	d.Shows(d.running, d.browser, 303, "/equipe/fichiers/"+id, url.Values{})
	if page = d.shows(200, "/equipe/fichiers/"+id, "Le fichier est prêt"); strings.Contains(page, "multipart") {
		t.Error("a file that was checked is still to be sent")
	}
}
