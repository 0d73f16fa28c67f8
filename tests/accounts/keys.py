"""Where the export has the personal data of a user."""

# Where the export has each foreign key to a user, or why it has not.
KEYS = {
    "feeds.System.email": "none: the address that the operator publishes",
    "users.Session.user": "sessions",
    "rentals.Rental.rider": "rentals",
    "rentals.Reservation.rider": "reservations",
    "notifications.Notification.recipient": "notifications",
    "maintenance.BikeReport.rider": "reports",
    "maintenance.PhotoUpload.uploader": "uploads",
    "otp_totp.TOTPDevice.user": "authenticators",
    "claims.Claim.rider": "claims",
    "claims.Claim.decided_by": "none: an operator's work",
    "rentals.RentalEvent.actor": "none: events are in the export of the ride's rider; an operator's work is not",
    "billing.Account.rider": "entries",
    "billing.Entry.actor": "none: entries are in the export of the account's rider; an operator's work is not",
    "console.Action.operator": "none: an operator's work",
    "console.Action.rider_id": "none: what an operator did is told to the rider by the message, the ride or the claim",
    "admin.LogEntry.user": "none: what an operator did is told to the user whom it was done to",
    "users.RecentChange.user": "none: one time, for a minute, which the events of the rides tell as well",
    "fleet.BikeEvent.actor": "none: says rider, operator or system, and no name",
    "users.User_groups.user": "none: what an operator may",
    "users.User_user_permissions.user": "none: what an operator may",
    # Without a foreign key.
    "api.IdempotencyKey.rider_id": "none: for a day, an answer that was given about a ride",
    "notifications.RefusedAddress.email": "refused_address",
    "users.User.email": "profile",
}
