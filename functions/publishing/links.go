package publishing

import (
	"context"

	"github.com/fabrique-des-transitions/fabrique/shared/agenda"
	"github.com/fabrique-des-transitions/fabrique/shared/fault"
	"github.com/fabrique-des-transitions/fabrique/shared/partnership"
)

// checkLinks notes what a resource is linked to and does not exist, and
// returns its audio, of which a file of ours says the rest.
func (s *service) checkLinks(ctx context.Context, in resourceInput, faults *fault.Fields) (*audio, error) {
	if in.Series != "" && !faults.Has("series") {
		found, err := s.agenda.Get(ctx, agenda.SeriesKey(in.Series), &agenda.Series{})
		if err != nil {
			return nil, err
		}
		if !found {
			faults.Add("series", "Ce chantier ou cette communauté n’existe pas : choisissez-en un autre.")
		}
	}
	if in.Cohort != "" && !faults.Has("cohort") {
		found, err := s.cohorts.Get(ctx, partnership.CohortItemKey(in.Cohort), &partnership.Cohort{})
		if err != nil {
			return nil, err
		}
		if !found {
			faults.Add("cohort", "Cette cohorte n’existe pas : choisissez-en une autre.")
		}
	}
	for _, id := range in.Sessions[:min(len(in.Sessions), maxSessions)] {
		found, err := s.agenda.Get(ctx, agenda.SessionKey(id), &agenda.Session{})
		if err != nil {
			return nil, err
		}
		if !found {
			faults.Add("sessions", "L’une de ces rencontres n’existe pas : décochez-la.")
		}
	}
	return s.checkAudio(ctx, in.Audio, faults)
}

// checkAudio notes a recording whose file never came, or is none.
func (s *service) checkAudio(ctx context.Context, in *audioInput, faults *fault.Fields) (*audio, error) {
	if in == nil {
		return nil, nil //nolint:nilnil // a resource without a recording
	}
	if in.Media == "" {
		return &audio{in.URL, in.Bytes, in.Seconds, in.Mime}, nil
	}
	var file mediaItem
	found, err := s.table.Get(ctx, mediaKey(in.Media), &file)
	if err != nil {
		return nil, err
	}
	if !found || file.State != ready || mediaTypes[file.Type].family != "audio" {
		faults.Add("audio.media", "Choisissez un enregistrement qui a été envoyé et vérifié.")
		return nil, nil //nolint:nilnil // the fault says it
	}
	return &audio{mediaURL(file), file.Bytes, in.Seconds, file.Type}, nil
}
