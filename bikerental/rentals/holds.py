"""How a reservation ends when its bike leaves the street, for the fleet, which does not know reservations."""

from bikerental.rentals.services.reservations import reservations_take_away

TAKE_AWAY = reservations_take_away
