package personal

import "time"

// How long what is held on people is kept, besides the years of silence that a
// setting of registration says: the functions go by these, and the register of
// processing says them.
const (
	UnconfirmedFor = 7 * 24 * time.Hour   // a signature that nobody confirms
	BookingFor     = 365 * 24 * time.Hour // a booking, after the end of its session
	MailFor        = 90 * 24 * time.Hour  // the record of a mail, without address nor content
	FailedMailFor  = 14 * 24 * time.Hour  // a mail that could not be sent, to send it again
	TrailYears     = 3                    // an entry of the audit trail
	LogDays        = 90                   // technical logs, which infra/aws declares: its tests compare
	DeliveryFor    = 30 * 24 * time.Hour  // a partner's message
	erasureFor     = 30 * 24 * time.Hour  // the request to be erased itself
)
