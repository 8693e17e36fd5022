"""Normalized places of labels and structured locations."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from market.geo.labels import parse_place_label
from market.geo.names import Place
from market.geo.places import normalize_place

SAN_FRANCISCO = {"name": "San Francisco", "type": "city", "state_code": "CA", "country_code": "US"}


@pytest.mark.parametrize(
    ("label", "place"),
    [
        # Many labels of one city.
        ("San Francisco", "San Francisco, CA"),
        ("san francisco", "San Francisco, CA"),
        ("SAN FRANCISCO", "San Francisco, CA"),
        ("San Francisco, California, United States", "San Francisco, CA"),
        ("San Francisco, CA - US", "San Francisco, CA"),
        ("San Francisco Office", "San Francisco, CA"),
        ("San Francisco-Hybrid", "San Francisco, CA"),
        ("San Francisco (CA),  Denver (CO), New York (NY)", "San Francisco, CA"),
        ("*HQ - San Francisco, CA", "San Francisco, CA"),
        ("HQ: San Francisco", "San Francisco, CA"),
        ("SF Office - 171 2nd, 4th floor", "San Francisco, CA"),
        ("SF / NY", "San Francisco, CA"),
        ("San Francisco or Palo Alto, CA", "San Francisco, CA"),
        ("San Francisco, CA and Fremont, CA", "San Francisco, CA"),
        ("New York", "New York, NY"),
        ("NYC", "New York, NY"),
        ("New York, NY (HQ)", "New York, NY"),
        ("New York, San Francisco, or Seattle (Hybrid)", "New York, NY"),
        ("USA - New York NY", "New York, NY"),
        ("Bangalore, Karnataka, India", "Bengaluru, India"),
        ("India - Bengaluru", "Bengaluru, India"),
        ("Sao Paulo, São Paulo, Brazil", "São Paulo, Brazil"),
        ("Kraków, Poland", "Krakow, Poland"),
        ("Taipei City, Taipei City, Taiwan (ROC)", "Taipei, Taiwan"),
        ("Seoul, Korea, Republic of (South Korea)", "Seoul, South Korea"),
        ("Washington D.C.", "Washington, DC"),
        ("Washington, District of Columbia, United States", "Washington, DC"),
        ("Luxembourg, Luxembourg", "Luxembourg"),
        ("Hong Kong", "Hong Kong"),
        ("Greater Toronto Area, Ontario", "Toronto, Canada"),
        ("Melbourne HQ or Sydney", "Melbourne, Australia"),
        ("Foster City, CA (Hybrid) In office M,W,F", "Foster City, CA"),
        ("Tulsa, OK - US (1)", "Tulsa, OK"),
        ("Weave - Headquarters (Lehi, UT)", "Lehi, UT"),
        ("Methuen, MA 01844", "Methuen, MA"),
        ("Hoboken,NJ", "Hoboken, NJ"),
        ("China-Shanghai", "Shanghai, China"),
        # Codes that are both a state and a country, and states that share their name with a city.
        ("Toronto, CA", "Toronto, Canada"),
        ("Darmstadt, DE", "Darmstadt, Germany"),
        ("Dover, DE, USA", "Dover, DE"),
        ("Indianapolis, IN", "Indianapolis, IN"),
        ("Paris, TX", "Paris, TX"),
        ("London, ON", "London, Canada"),
        ("Ontario, Ohio", "Ontario, OH"),
        ("Lafayette, Georgia", "Lafayette, GA"),
        ("Tbilisi, Georgia", "Tbilisi, Georgia"),
        ("Portland, OR", "Portland, OR"),
        ("Winston-Salem, NC", "Winston-Salem, NC"),
        # Larger than a city.
        ("USA", "United States"),
        ("US-based", "United States"),
        ("UK", "United Kingdom"),
        ("The Philippines", "Philippines"),
        ("Korea", "South Korea"),
        ("Acme Germany", "Germany"),
        ("Trinidad and Tobago", "Trinidad and Tobago"),
        ("Texas", "Texas, United States"),
        ("Georgia", "Georgia, United States"),
        ("Ontario, Canada", "Ontario, Canada"),
        ("LatAm", "Latin America"),
        ("Europe", "Europe"),
        # Remote.
        ("Remote", "Remote"),
        ("Remote - US", "Remote"),
        ("US Remote", "Remote"),
        ("Remote (United States | Canada)", "Remote"),
        ("US/Canada - Remote", "Remote"),
        ("Remote (New York)", "Remote"),
        ("Texas - Remote", "Remote"),
        ("Anywhere in France", "Remote"),
        ("Fully Remote - India", "Remote"),
        ("Remote – US & Canada", "Remote"),
        ("San Francisco or Remote", "San Francisco, CA"),
        ("Miami - Remote", "Miami, FL"),
        ("Andover, MA / Remote", "Andover, MA"),
        ("Berlin, Germany (Germany remote)", "Berlin, Germany"),
        ("Hybrid - Boston, MA (no remote)", "Boston, MA"),
        # Codes before names, other languages and scripts, abbreviations, lower case, and codes of states that are also
        # codes of countries or of their parts.
        ("Austin, TX", "Austin, TX"),
        ("London (Hybrid)", "London, United Kingdom"),
        ("Bengaluru, Karnataka, India", "Bengaluru, India"),
        ("Berlin, DE", "Berlin, Germany"),
        ("Wilmington, DE", "Wilmington, DE"),
        ("TX-Houston", "Houston, TX"),
        ("Nisku-Alberta-Canada", "Nisku, Canada"),
        ("USA.VA.Reston", "Reston, VA"),
        ("CA, BC, Vancouver", "Vancouver, Canada"),
        ("austin tx", "Austin, TX"),
        ("Remoto", "Remote"),
        ("Télétravail", "Remote"),
        ("bundesweit", "Germany"),
        ("東京", "Tokyo, Japan"),
        ("Ft. Worth, TX", "Fort Worth, TX"),
        ("Porto Alegre, RS", "Porto Alegre, Brazil"),
        ("St. John's, NL", "St. John's, Canada"),
        ("Tirana, AL", "Tirana, Albania"),
        ("Frankfurt (Oder)", "Frankfurt (Oder), Germany"),
        ("Birmingham, AL", "Birmingham, AL"),
        ("Amsterdam, NL", "Amsterdam, Netherlands"),
        ("Poland", "Poland"),
        ("Remote (Germany)", "Remote"),
        ("Provo UT", "Provo, UT"),
        ("Singapore, Singapore", "Singapore"),
        ("Haifa, IL", "Haifa, Israel"),
        ("Chicago, IL", "Chicago, IL"),
        ("Home Office, Deutschland", "Remote"),
        ("Bogotá, CO", "Bogota, Colombia"),
        ("Boulder, CO", "Boulder, CO"),
        ("TX-Austin", "Austin, TX"),
        ("CA-San Diego", "San Diego, CA"),
        ("Calgary-Alberta-Canada", "Calgary, Canada"),
        ("USA.TX.Austin", "Austin, TX"),
        ("USA.CA.San Jose", "San Jose, CA"),
        ("DE.Berlin", "Berlin, Germany"),
        ("CA, ON, Toronto", "Toronto, Canada"),
        ("US, CA, San Francisco", "San Francisco, CA"),
        ("US, WA, Seattle", "Seattle, WA"),
        ("IN, KA, Bengaluru", "Bengaluru, India"),
        ("boise id", "Boise, ID"),
        ("denver co", "Denver, CO"),
        ("portland or", "Portland, OR"),
        ("Homeoffice", "Remote"),
        ("Teletrabajo", "Remote"),
        ("Thuiswerken", "Remote"),
        ("Lavoro da remoto", "Remote"),
        ("Smart working", "Remote"),
        ("à distance", "Remote"),
        ("Full remote", "Remote"),
        ("100% remoto", "Remote"),
        ("deutschlandweit", "Germany"),
        ("österreichweit", "Austria"),
        ("schweizweit", "Switzerland"),
        ("大阪", "Osaka, Japan"),
        ("北京", "Beijing, China"),
        ("上海", "Shanghai, China"),
        ("서울", "Seoul, South Korea"),
        ("Москва", "Moscow, Russia"),
        ("Київ", "Kyiv, Ukraine"),
        ("Ft Lauderdale, FL", "Fort Lauderdale, FL"),
        ("Ft. Collins, CO", "Fort Collins, CO"),
        ("St Louis, MO", "St. Louis, MO"),
        ("Saint Louis, MO", "St. Louis, MO"),
        ("Curitiba, PR", "Curitiba, Brazil"),
        ("São Paulo, SP", "São Paulo, Brazil"),
        ("Rio de Janeiro, RJ", "Rio de Janeiro, Brazil"),
        ("Halifax, NS", "Halifax, Canada"),
        ("Yerevan, AM", "Yerevan, Armenia"),
        ("Casablanca, MA", "Casablanca, Morocco"),
        ("Tunis, TN", "Tunis, Tunisia"),
        ("Chisinau, MD", "Chisinau, Moldova"),
        ("Durrës, AL", "Durrës, Albania"),
        ("Medellin, CO", "Medellin, Colombia"),
        ("Tel Aviv, IL", "Tel Aviv, Israel"),
        ("Pune, IN", "Pune, India"),
        ("Jakarta, ID", "Jakarta, Indonesia"),
        ("Buenos Aires, AR", "Buenos Aires, Argentina"),
        ("Little Rock, AR", "Little Rock, AR"),
        ("Montgomery, AL", "Montgomery, AL"),
        ("Dover, DE", "Dover, DE"),
        ("Newark, DE", "Newark, DE"),
        ("Panama City, FL", "Panama City, FL"),
        ("Panama City, PA", "Panama City, Panama"),
        ("Frankfurt am Main", "Frankfurt, Germany"),
        ("Frankfurt/Oder", "Frankfurt (Oder), Germany"),
        ("Halle (Saale)", "Halle (Saale), Germany"),
        ("Frankfurt (Hybrid)", "Frankfurt, Germany"),
        ("Sydney, NSW", "Sydney, Australia"),
        ("Home Office, Germany", "Remote"),
        ("Home office", "Remote"),
        ("Remoto, Brasil", "Remote"),
        ("Télétravail (France)", "Remote"),
        ("Paris (Télétravail)", "Paris, France"),
        ("Berlin (Homeoffice)", "Berlin, Germany"),
        ("Madrid - Remoto", "Madrid, Spain"),
        ("Springfield, IL", "Springfield, IL"),
        ("Columbus, GA", "Columbus, GA"),
        ("Athens, GA", "Athens, GA"),
        ("Vancouver, WA", "Vancouver, WA"),
        ("London, KY", "London, KY"),
        ("St. John's", "St. John's, Canada"),
        ("Valencia, CA", "Valencia, CA"),
        ("Paris, ME", "Paris, ME"),
        ("Cork, IE", "Cork, Ireland"),
        ("Manchester, NH", "Manchester, NH"),
        ("Naples, FL", "Naples, FL"),
        ("Birmingham, GB", "Birmingham, United Kingdom"),
        ("Essen, DE", "Essen, Germany"),
        ("Potsdam, DE", "Potsdam, Germany"),
        ("Bonn, DE", "Bonn, Germany"),
        ("Leverkusen, DE", "Leverkusen, Germany"),
        # Unknown names, and text that is not a place.
        ("Cambridge", "Cambridge"),
        ("Erewhon, New Zealand", "Erewhon, New Zealand"),
        ("EREWHON", "Erewhon"),
        ("", "Unknown"),
        (" ,;- ", "Unknown"),
        ("Headquarters", "Unknown"),
        ("Hybrid", "Unknown"),
        ("Multiple Locations", "Unknown"),
    ],
)
def test_normalizes_a_label_to_its_first_place(label, place):
    assert normalize_place(label=label) == place


@pytest.mark.parametrize(
    ("label", "location", "place"),
    [
        ("Bay Area", SAN_FRANCISCO, "San Francisco, CA"),
        ("", {"name": "New York City", "country_code": "us"}, "New York, NY"),
        ("", {"name": "Boston", "country_name": "United States"}, "Boston, MA"),
        ("", {"name": "Bangalore", "country_code": "IN"}, "Bengaluru, India"),
        ("London", {"name": "London", "country_code": "CA"}, "London, Canada"),
        ("", {"name": "Cambridge", "type": "city", "state_code": "MA", "country_code": "US"}, "Cambridge, MA"),
        ("", {"name": "Springfield", "type": "city", "country_code": "US"}, "Springfield, United States"),
        ("", {"name": "Arlington", "type": "city", "state": "Virginia", "country_code": "US"}, "Arlington, VA"),
        ("", {"name": "New Brunswick", "type": "city", "state_code": "NJ", "country_code": "US"}, "New Brunswick, NJ"),
        ("Singapore", {"name": "Singapore", "country_code": "SG"}, "Singapore"),
        ("", {"name": "Georgia", "type": "country", "country_code": "GE"}, "Georgia"),
        ("", {"name": "Texas", "type": "admin1", "state_code": "TX", "country_code": "US"}, "Texas, United States"),
        ("", {"display_name": "Paris, France"}, "Paris, France"),
        ("", {"name": None, "country_code": 7}, "Unknown"),
        # A structured country does not override the city of the label.
        ("Bogota", {"name": "Colombia", "type": "country", "country_code": "CO"}, "Bogota, Colombia"),
        ("Athens", {"name": "Greece", "type": "country", "country_code": "GR"}, "Athens, Greece"),
        # A label that names a different place overrides the structured location.
        (
            "Torrance, CA",
            {"name": "Los Angeles", "type": "city", "state_code": "CA", "country_code": "US"},
            "Torrance, CA",
        ),
        ("Poland", {"name": "São Paulo", "type": "city", "country_code": "BR"}, "Poland"),
        ("Poland", {"name": "Brazil", "type": "country", "country_code": "BR"}, "Poland"),
        ("Texas", {"name": "Denver", "state_code": "CO", "country_code": "US"}, "Texas, United States"),
        ("Berlin", {"name": "Munich", "country_code": "DE"}, "Berlin, Germany"),
        # A less specific label does not.
        ("Germany", {"name": "Berlin", "country_code": "DE"}, "Berlin, Germany"),
        ("Acme Campus", {"name": "Munich", "country_code": "DE"}, "Munich, Germany"),
        # A structured office does not override a label of remote work or a world region.
        ("Remote", SAN_FRANCISCO, "Remote"),
        ("LatAm", {"name": "Panama", "country_code": "PA"}, "Latin America"),
    ],
)
def test_a_structured_location_completes_the_label(label, location, place):
    assert normalize_place(label=label, locations=[location]) == place


@pytest.mark.parametrize(
    ("fields", "place"),
    [
        ({"label": "", "locations": [SAN_FRANCISCO, {"name": "Berlin"}]}, "San Francisco, CA"),
        ({"label": "", "locations": ["San Francisco, CA", "New York, NY"]}, "San Francisco, CA"),
        ({"label": "Poland", "country_code": "BR"}, "Poland"),
        ({"label": "Berlin, Germany", "country_code": "US"}, "Berlin, Germany"),
        # Separate fields instead of location objects.
        ({"label": "", "country": "Germany"}, "Germany"),
        ({"label": "", "country_code": "DE"}, "Germany"),
        ({"label": "", "country_code": "US", "state_code": "TX"}, "Texas, United States"),
        ({"label": "Springfield", "country_code": "US", "state_code": "IL"}, "Springfield, IL"),
        ({"label": "Kassel, DE", "country_code": "DE"}, "Kassel, Germany"),
        ({"label": "", "country_code": "DE", "cities": ["Munich", "Berlin"]}, "Munich, Germany"),
        ({"label": "Hybrid", "cities": ["Munich"]}, "Munich, Germany"),
    ],
)
def test_fields_complete_the_label(fields, place):
    assert normalize_place(**fields) == place


@pytest.mark.parametrize(
    ("label", "place"),
    [
        ("Remote - US", Place(remote=True, country_code="US")),
        ("Miami - Remote", Place(city="Miami", state_code="FL", country_code="US", remote=True)),
        ("Texas", Place(state_code="TX", country_code="US")),
        ("Remote (non-U.S.)", Place(remote=True)),
    ],
)
def test_parses_the_parts_of_a_label(label, place):
    assert parse_place_label(label) == place


@pytest.mark.parametrize("label", ["Acme Weltweit", "New London", "East London", "Rideau Centre", "Milwaukeee"])
def test_does_not_find_places_within_unknown_names(label):
    assert normalize_place(label=label) == label


FRAGMENTS = (
    "San Francisco|CA|Remote|US|Georgia|Ontario|London|or|and|/|-| - |, |(HQ)|Office|Berlin|DE|New York|Europe|IN"
    "|Hybrid|Anywhere in|Trinidad and Tobago|Hong Kong|Texas|Washington|Acme|12|;|Korea|UK|Springfield|Panama"
)
names = st.sampled_from(FRAGMENTS.split("|"))
labels = st.one_of(st.text(max_size=60), st.lists(names, max_size=6).map(" ".join))


@given(labels)
@example("İstanbul")
@example("ǅ")
def test_normalizing_a_place_again_does_not_change_it(label):
    place = normalize_place(label=label)

    assert normalize_place(label=place) == place


@given(
    labels,
    st.lists(
        st.one_of(
            labels,
            st.dictionaries(
                st.sampled_from(["name", "type", "state_code", "state", "country_code", "country_name"]),
                st.one_of(st.none(), st.integers(), labels, st.sampled_from(["US", "CA", "city", "admin1"])),
            ),
        ),
        max_size=2,
    ),
    st.one_of(st.none(), labels, st.sampled_from(["US", "GE", "zz"])),
    st.lists(labels, max_size=2),
)
def test_a_place_is_never_empty(label, locations, country, cities):
    place = normalize_place(
        label=label,
        locations=locations,
        country=country,
        country_code=country,
        state_code=country,
        cities=cities,
    )

    assert place.strip()
