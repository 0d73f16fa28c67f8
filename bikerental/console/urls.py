"""Routes of the operators' console."""

from django.urls import path, re_path

from bikerental.console.pages.accounts import BlockPage, RefundPage, UnblockPage
from bikerental.console.pages.claims import ClaimPage, ClaimsPage
from bikerental.console.pages.codes import CodesPage
from bikerental.console.pages.figures import FiguresFilePage, FiguresPage
from bikerental.console.pages.fleet import BikesFilePage, FleetPage, StationsFilePage
from bikerental.console.pages.fleet_files import ApplyPage, FilesPage
from bikerental.console.pages.frame import AbsentPage, LanguagePage
from bikerental.console.pages.lists import IdlePage, MessagesPage, ReportsPage, RidesPage, StationsPage
from bikerental.console.pages.log import LogPage
from bikerental.console.pages.map import CardPage, MapDataPage, MapPage
from bikerental.console.pages.map_bikes import BackPage, MovePage, OutPage, RetirePage
from bikerental.console.pages.map_places import AddStationPage, AddZonePage, ChangeStationPage, ChangeZonePage
from bikerental.console.pages.operators import OperatorsPage, RolesPage
from bikerental.console.pages.riders import RiderPage, RidersPage
from bikerental.console.pages.rides import BikePage, CorrectPage, EndPage, RidePage
from bikerental.console.pages.service import ServicePage
from bikerental.console.pages.today import TodayPage

app_name = "console"
absent = AbsentPage.as_view()
absent.should_append_slash = False  # so that a page is found without its slash
urlpatterns = [
    path("", TodayPage.as_view(), name="today"),
    path("rides/<slug:state>/", RidesPage.as_view(), name="rides"),
    path("reports/", ReportsPage.as_view(), name="reports"),
    path("stations/<slug:lack>/", StationsPage.as_view(), name="stations"),
    path("idle/", IdlePage.as_view(), name="idle"),
    path("messages/", MessagesPage.as_view(), name="messages"),
    path("map/", MapPage.as_view(), name="map"),
    path("map/data/", MapDataPage.as_view(), name="map_data"),
    path("map/bike/", CardPage.as_view(), name="map_find"),
    path("map/bike/<uuid:bike_id>/", CardPage.as_view(), name="map_bike"),
    path("map/bike/<uuid:bike_id>/out/", OutPage.as_view(), name="bike_out"),
    path("map/bike/<uuid:bike_id>/back/", BackPage.as_view(), name="bike_back"),
    path("map/bike/<uuid:bike_id>/retire/", RetirePage.as_view(), name="bike_retire"),
    path("map/bike/<uuid:bike_id>/move/", MovePage.as_view(), name="bike_move"),
    path("map/station/", AddStationPage.as_view(), name="station_add"),
    path("map/station/<uuid:station_id>/", ChangeStationPage.as_view(), name="station_change"),
    path("map/zone/", AddZonePage.as_view(), name="zone_add"),
    path("map/zone/<uuid:zone_id>/", ChangeZonePage.as_view(), name="zone_change"),
    path("fleet/", FleetPage.as_view(), name="fleet"),
    path("fleet/bikes.csv", BikesFilePage.as_view(), name="bikes_file"),
    path("fleet/stations.csv", StationsFilePage.as_view(), name="stations_file"),
    path("fleet/codes/", CodesPage.as_view(), name="codes"),
    path("fleet/files/", FilesPage.as_view(), name="fleet_files"),
    path("fleet/files/apply/", ApplyPage.as_view(), name="fleet_apply"),
    path("riders/", RidersPage.as_view(), name="riders"),
    path("riders/<uuid:rider_id>/", RiderPage.as_view(), name="rider"),
    path("riders/<uuid:rider_id>/block/", BlockPage.as_view(), name="block"),
    path("riders/<uuid:rider_id>/unblock/", UnblockPage.as_view(), name="unblock"),
    path("riders/<uuid:rider_id>/refund/<slug:currency>/", RefundPage.as_view(), name="refund"),
    path("ride/<uuid:rental_id>/", RidePage.as_view(), name="ride"),
    path("ride/<uuid:rental_id>/end/", EndPage.as_view(), name="end"),
    path("ride/<uuid:rental_id>/correct/", CorrectPage.as_view(), name="correct"),
    path("bikes/<uuid:bike_id>/", BikePage.as_view(), name="bike"),
    path("claims/", ClaimsPage.as_view(), name="claims"),
    path("claims/<uuid:claim_id>/", ClaimPage.as_view(), name="claim"),
    path("figures/", FiguresPage.as_view(), name="figures"),
    path("figures/<slug:table>/", FiguresFilePage.as_view(), name="figures_file"),
    path("service/", ServicePage.as_view(), name="service"),
    path("operators/", OperatorsPage.as_view(), name="operators"),
    path("operators/<uuid:user_id>/", RolesPage.as_view(), name="roles"),
    path("log/", LogPage.as_view(), name="log"),
    path("language/", LanguagePage.as_view(), name="language"),
    re_path(r"^(?P<rest>.*)$", absent, name="absent"),
]
