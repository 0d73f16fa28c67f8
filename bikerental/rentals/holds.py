"""Ends the reservation of a bike that leaves the street. The fleet app, which is below reservations, calls it."""

from bikerental.rentals.services.reservations import reservations_take_away

TAKE_AWAY = reservations_take_away
