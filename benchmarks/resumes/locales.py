"""The words of generated resumes in five languages. All persons, employers and schools are invented."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class Locale:
    """The words and formats of one language. `{skill}` and `{number}` are placeholders in sentences."""

    code: str
    given_names: tuple[str, ...]
    surnames: tuple[str, ...]
    phones: tuple[str, ...]
    places: tuple[str, ...]
    titles: tuple[str, ...]
    company_names: tuple[str, ...]
    legal_forms: tuple[str, ...]
    schools: tuple[str, ...]
    degrees: tuple[str, ...]
    degree_joiner: str
    areas: tuple[str, ...]
    headings: dict[str, tuple[str, ...]]
    months: tuple[str, ...]
    short_months: tuple[str, ...]
    month_joiner: str
    present: tuple[str, ...]
    at: str
    skill_groups: tuple[str, ...]
    labels: dict[str, str]
    highlights: tuple[str, ...]
    summaries: tuple[str, ...]
    grades: tuple[str, ...]
    spoken: tuple[tuple[str, str], ...]
    duration: tuple[str, str, str, str]


ENGLISH = Locale(
    code="en",
    given_names=("Wanda", "Milo", "Paloma", "Griffith", "Cosima", "Rufus", "Odette", "Barnaby", "Imogen", "Desmond"),
    surnames=("Quill", "Marwood", "Thistleton", "O'Dare", "Fairlie-Webb", "Van der Holt", "Pemberly", "Ashdown"),
    phones=("+1 312 555 01{}", "(415) 555-01{}", "+44 20 7946 09{}", "617-555-01{}", "+1-646-555-01{}"),
    places=("Austin, TX", "Denver, CO", "London, UK", "Chicago, IL", "Portland, OR", "Leeds", "Toronto, Canada"),
    titles=(
        *("Software Engineer", "Senior Backend Engineer", "Data Analyst", "Product Manager", "Platform Engineer"),
        *("Head of Analytics", "VP, Engineering", "QA Lead", "Research Assistant", "Staff Data Scientist"),
        *("Technical Writer", "Scrum Master", "DevOps Consultant", "Founder", "Barista", "Site Reliability Engineer"),
        *("Business Analyst II", "Director of Engineering", "Machine Learning Intern", "Web Developer"),
    ),
    company_names=(
        *("Northgate Foods", "Silverfin Bank", "Pomelo Travel", "Heron Cinemas", "Globe & Anchor", "Umber Mining"),
        *("Tollgate Roads", "Violet Press", "Lodestar Freight", "Cobble Retail", "Wick & Wax", "Mimosa Media"),
        *("Brightwater Health", "Kestrel", "Osprey Robotics", "Tern.io", "Saltmarsh Insurance", "Quarto Books"),
    ),
    legal_forms=("Inc.", "Ltd", "LLC", "plc", "Group", "", "", "", ""),
    schools=(
        *("State University of Orran", "University of Westmarch", "Halden College", "Calder Institute of Technology"),
        *("Marram School of Economics", "Brackwater Polytechnic", "Corvin Tech", "Ellery Business School"),
    ),
    degrees=("B.Sc.", "Bachelor of Science", "Master of Science", "M.Sc.", "BA", "MBA", "PhD", "B.Eng."),
    degree_joiner=" in ",
    areas=("Computer Science", "Economics", "Physics", "Electrical Engineering", "Statistics", "Philosophy"),
    headings={
        "work": ("Experience", "Work Experience", "Professional Experience", "Employment History", "Career History"),
        "education": ("Education", "Education and Training", "Academic Background", "Qualifications"),
        "skills": ("Skills", "Technical Skills", "Core Skills", "Skills & Tools"),
        "languages": ("Languages",),
        "summary": ("Summary", "Profile", "About Me", "Professional Summary"),
        "contact": ("Contact",),
    },
    months=(
        *("January", "February", "March", "April", "May", "June", "July", "August", "September", "October"),
        *("November", "December"),
    ),
    short_months=("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sept", "Oct", "Nov", "Dec"),
    month_joiner=" ",
    present=("Present", "present", "Current", "Now", "Today"),
    at=" at ",
    skill_groups=("Programming", "Data", "Tools", "Other"),
    labels={"dates": "Dates", "position": "Position held", "employer": "Employer", "phone": "Phone", "email": "Email"},
    highlights=(
        "Rebuilt the billing service with {skill}, which cut the nightly run from six hours to {number} minutes",
        "Led a team of {number} people across three offices",
        "Moved {number} customers to a new platform written in {skill}",
        "Introduced {skill} and wrote the guide that every new colleague now reads",
        "Kept the ordering system running through the busiest weeks of the year and answered for it at night",
        "Reduced waiting times at the front desk by {number}%",
        "Wrote {number} reports for the board about costs, delays and complaints",
        "Presented the findings to customers in four countries and won two new contracts",
        "Replaced a set of spreadsheets by a small application in {skill} that {number} people use every day",
        "Hired and taught {number} juniors",
    ),
    summaries=(
        "I build dependable systems and explain them to the people who use them. Ten years in small teams.",
        "Curious and careful person with a liking for hard questions, clear words and short meetings.",
    ),
    grades=("GPA: 3.8/4.0", "First Class Honours", "Magna cum laude", "Thesis on tidal currents"),
    spoken=(("English", "native"), ("German", "B2"), ("Spanish", "fluent")),
    duration=("yr", "yrs", "mo", "mos"),
)

GERMAN = Locale(
    code="de",
    given_names=("Lorenz", "Gerda", "Thora", "Jürgen", "Bärbel", "Ansgar", "Käthe", "Ruprecht", "Friederike"),
    surnames=("Abt", "Holm", "Weißmüller", "von der Heide", "Kröger-Lind", "Sauerbier", "Brömel", "Tannhofer"),
    phones=("+49 30 2312 54{}", "0171 39200 {}", "+49 (0)89 5550 1{}", "030 / 23125 0{}"),
    places=("Berlin", "München", "Köln", "Hamburg", "Wien, Österreich", "Zürich", "Leipzig"),
    titles=(
        *("Softwareentwicklerin", "Datenanalyst", "Projektleiter", "Systemadministratorin", "Leiter Controlling"),
        *("Werkstudent", "Wissenschaftliche Mitarbeiterin", "Senior Software Engineer", "Produktmanagerin"),
        *(
            "Abteilungsleiter Einkauf",
            "IT-Berater",
            "Geschäftsführerin",
            "Sachbearbeiter Buchhaltung",
            "Bauingenieurin",
        ),
    ),
    company_names=(
        *("Nordwind Energie", "Feldmann", "Kranich Logistik", "Möwe & Söhne", "Brückner Maschinenbau", "Silberbach"),
        *("Alpenblick Versicherung", "Stadtwerke Marram", "Tannwald Medien", "Hagebutte Lebensmittel", "Lindenau"),
    ),
    legal_forms=("GmbH", "AG", "GmbH & Co. KG", "SE", "e.V.", "", ""),
    schools=(
        *("Technische Universität Marram", "Universität Lorvain", "Hochschule Halden", "Fachhochschule Silberbach"),
        *("Gymnasium am Tannwald", "Duale Hochschule Westmark", "Akademie Corvin"),
    ),
    degrees=("B.Sc.", "M.Sc.", "Diplom", "Bachelor of Arts", "Master of Science", "Promotion", "B.Eng."),
    degree_joiner=" ",
    areas=("Informatik", "Maschinenbau", "Betriebswirtschaftslehre", "Physik", "Wirtschaftsinformatik", "Germanistik"),
    headings={
        "work": ("Berufserfahrung", "Beruflicher Werdegang", "Berufspraxis", "Praktische Erfahrung"),
        "education": ("Ausbildung", "Studium", "Bildungsweg", "Akademische Ausbildung"),
        "skills": ("Kenntnisse", "Fähigkeiten", "IT-Kenntnisse", "Technische Kenntnisse"),
        "languages": ("Sprachen", "Sprachkenntnisse"),
        "summary": ("Profil", "Über mich", "Kurzprofil"),
        "contact": ("Kontakt",),
    },
    months=(
        *("Januar", "Februar", "März", "April", "Mai", "Juni", "Juli", "August", "September", "Oktober"),
        *("November", "Dezember"),
    ),
    short_months=("Jan.", "Feb.", "März", "Apr.", "Mai", "Juni", "Juli", "Aug.", "Sept.", "Okt.", "Nov.", "Dez."),
    month_joiner=" ",
    present=("heute", "jetzt", "laufend", "dato"),
    at=" bei ",
    skill_groups=("Programmierung", "Daten", "Werkzeuge", "Weitere"),
    labels={
        "dates": "Zeitraum",
        "position": "Position",
        "employer": "Arbeitgeber",
        "phone": "Telefon",
        "email": "E-Mail",
    },
    highlights=(
        "Neubau der Abrechnung mit {skill}, wodurch der nächtliche Lauf nur noch {number} Minuten dauert",
        "Führung von {number} Mitarbeitern an drei Standorten",
        "Umstellung von {number} Kunden auf eine neue Anwendung in {skill}",
        "Einführung von {skill} samt Anleitung für neue Kollegen",
        "Betreuung des Bestellwesens in den umsatzstärksten Wochen des Jahres, auch in der Nacht",
        "Verkürzung der Wartezeiten um {number} %",
        "Erstellung von {number} Berichten für den Vorstand über Kosten und Verzögerungen",
        "Vorstellung der Ergebnisse bei Kunden in vier Ländern",
        "Einarbeitung von {number} Auszubildenden",
    ),
    summaries=(
        "Ich baue verlässliche Anwendungen und erkläre sie denen, die damit arbeiten. Zehn Jahre in kleinen Gruppen.",
        "Neugieriger und sorgfältiger Mensch mit Freude an schwierigen Fragen und klaren Worten.",
    ),
    grades=("Note: 1,3", "Abschlussnote 1,7", "mit Auszeichnung", "Abschlussarbeit über Gezeiten"),
    spoken=(("Deutsch", "Muttersprache"), ("Englisch", "C1"), ("Französisch", "B1")),
    duration=("Jahr", "Jahre", "Monat", "Monate"),
)

FRENCH = Locale(
    code="fr",
    given_names=("Solène", "Gaspard", "Mireille", "Aurélien", "Léonie", "Hervé", "Capucine", "Ghislain", "Jean-Loup"),
    surnames=("Delorme", "Sablon", "de la Tour", "Vasseur-Roy", "Lemoîne", "Chardonnet", "D'Aubrac", "Pélissier"),
    phones=("+33 1 55 01 02 {}", "06 39 98 01 {}", "+33 (0)6 39 98 02 {}", "01.55.01.03.{}"),
    places=("Paris", "Lyon", "Nantes", "Bruxelles, Belgique", "Toulouse", "Genève, Suisse", "Lille"),
    titles=(
        *("Développeuse web", "Ingénieur logiciel", "Chef de projet", "Analyste de données", "Technicienne"),
        *(
            "Responsable marketing",
            "Chargée de communication",
            "Directeur technique",
            "Stagiaire",
            "Architecte logiciel",
        ),
        *("Consultante en gestion", "Comptable", "Assistant de recherche", "Conductrice de travaux"),
    ),
    company_names=(
        *("Boulangeries Delorme", "Imprimerie Sablon", "Transports Mistral", "Banque du Vallon", "Hirondelle Santé"),
        *("Éditions du Héron", "Groupe Lavande", "Assurances Belleroche", "Vélocité", "Moulins & Associés"),
    ),
    legal_forms=("SARL", "SA", "SAS", "", "", ""),
    schools=(
        *("Université de Lorvain", "École supérieure de Marram", "Institut Calder", "INSA Halden", "Lycée Corvin"),
        *("Université Paris-Orran", "HEC Vallon"),
    ),
    degrees=("Licence", "Master", "Diplôme d'ingénieur", "BTS", "Doctorat", "Maîtrise", "DUT"),
    degree_joiner=" en ",
    areas=("informatique", "mathématiques appliquées", "économie", "génie civil", "lettres modernes", "physique"),
    headings={
        "work": ("Expérience professionnelle", "Expériences professionnelles", "Parcours professionnel", "Expériences"),
        "education": ("Formation", "Formations", "Études", "Diplômes"),
        "skills": ("Compétences", "Compétences techniques", "Outils et compétences"),
        "languages": ("Langues",),
        "summary": ("Profil", "À propos", "Présentation"),
        "contact": ("Contact", "Coordonnées"),
    },
    months=(
        *("janvier", "février", "mars", "avril", "mai", "juin", "juillet", "août", "septembre", "octobre"),
        *("novembre", "décembre"),
    ),
    short_months=(
        *("janv.", "févr.", "mars", "avr.", "mai", "juin", "juil.", "août", "sept.", "oct.", "nov.", "déc."),
    ),
    month_joiner=" ",
    present=("aujourd'hui", "présent", "ce jour", "à ce jour"),
    at=" chez ",
    skill_groups=("Programmation", "Données", "Outils", "Autres"),
    labels={
        "dates": "Dates",
        "position": "Poste occupé",
        "employer": "Employeur",
        "phone": "Téléphone",
        "email": "Courriel",
    },
    highlights=(
        "Refonte de la facturation avec {skill} : le traitement de nuit ne dure plus que {number} minutes",
        "Encadrement de {number} personnes réparties sur trois sites",
        "Passage de {number} clients sur une nouvelle application écrite en {skill}",
        "Mise en place de {skill} et rédaction du guide destiné aux nouveaux arrivants",
        "Suivi des commandes pendant les semaines les plus chargées de l'année, y compris la nuit",
        "Réduction des temps d'attente de {number} %",
        "Rédaction de {number} rapports pour la direction sur les coûts et les retards",
        "Présentation des résultats à des clients dans quatre pays",
        "Accueil et suivi de {number} apprentis",
    ),
    summaries=(
        "Je construis des applications fiables et je les explique à ceux qui s'en servent. Dix ans en petites équipes.",
        "Personne curieuse et rigoureuse, qui aime les questions difficiles et les mots simples.",
    ),
    grades=("Mention bien", "Mention très bien", "Mémoire sur les marées", "Major de promotion"),
    spoken=(("Français", "langue maternelle"), ("Anglais", "courant"), ("Italien", "B1")),
    duration=("an", "ans", "mois", "mois"),
)

SPANISH = Locale(
    code="es",
    given_names=("Jimena", "Anselmo", "Begoña", "Íñigo", "Rocío", "Leandro", "Nuria", "Macarena", "José Luis"),
    surnames=("Robledal", "Peñalver Ortuño", "de la Vega", "Ibáñez Quiroga", "Zuloaga", "Montañés", "del Río"),
    phones=("+34 910 05 01 {}", "+34 600 55 01 {}", "910 050 1{}", "+52 55 5500 01{}"),
    places=("Madrid", "Barcelona", "Sevilla", "Ciudad de México, México", "Bogotá, Colombia", "Valencia", "Bilbao"),
    titles=(
        *(
            "Desarrolladora web",
            "Ingeniero de software",
            "Analista de datos",
            "Jefa de proyecto",
            "Técnico de sistemas",
        ),
        *("Responsable de compras", "Directora financiera", "Becario", "Arquitecta de software", "Consultor"),
        *("Administrativa", "Coordinador de logística", "Profesora", "Gerente de operaciones"),
    ),
    company_names=(
        *("Panaderías Robledal", "Banco del Valle", "Transportes Cierzo", "Grupo Azahar", "Seguros Peñalta"),
        *("Editorial Garza", "Clínica Miramonte", "Aguas de Orrán", "Olivares Hermanos", "Faro Digital"),
    ),
    legal_forms=("S.A.", "S.L.", "SLU", "S.A. de C.V.", "", "", ""),
    schools=(
        *("Universidad de Lorvain", "Universidad Politécnica de Marram", "Instituto Calder", "Escuela Superior Halden"),
        *("IES Miramonte", "Universidad Autónoma de Orrán", "Colegio Corvin"),
    ),
    degrees=("Grado", "Máster", "Licenciatura", "Doctorado", "Diplomatura", "Técnico Superior"),
    degree_joiner=" en ",
    areas=("Ingeniería Informática", "Economía", "Física", "Derecho", "Matemáticas", "Filología Hispánica"),
    headings={
        "work": ("Experiencia laboral", "Experiencia profesional", "Experiencia", "Trayectoria profesional"),
        "education": ("Educación", "Formación académica", "Estudios", "Formación"),
        "skills": ("Habilidades", "Competencias", "Conocimientos técnicos", "Conocimientos informáticos"),
        "languages": ("Idiomas",),
        "summary": ("Perfil", "Perfil profesional", "Sobre mí"),
        "contact": ("Contacto", "Datos de contacto"),
    },
    months=(
        *("enero", "febrero", "marzo", "abril", "mayo", "junio", "julio", "agosto", "septiembre", "octubre"),
        *("noviembre", "diciembre"),
    ),
    short_months=("ene.", "feb.", "mar.", "abr.", "may.", "jun.", "jul.", "ago.", "sept.", "oct.", "nov.", "dic."),
    month_joiner=" de ",
    present=("actualidad", "presente", "hoy", "actualmente"),
    at=" en ",
    skill_groups=("Programación", "Datos", "Herramientas", "Otros"),
    labels={"dates": "Fechas", "position": "Puesto", "employer": "Empresa", "phone": "Teléfono", "email": "Correo"},
    highlights=(
        "Renovación de la facturación con {skill}, que redujo el proceso nocturno a {number} minutos",
        "Dirección de {number} personas en tres sedes",
        "Traslado de {number} clientes a una nueva aplicación escrita en {skill}",
        "Introducción de {skill} y redacción de la guía para los nuevos compañeros",
        "Atención a los pedidos en las semanas de más trabajo del año, también de noche",
        "Reducción de los tiempos de espera en un {number} %",
        "Redacción de {number} informes para la dirección sobre costes y retrasos",
        "Presentación de los resultados a clientes de cuatro países",
        "Acogida y tutela de {number} aprendices",
    ),
    summaries=(
        "Construyo aplicaciones fiables y las explico a quienes las usan. Diez años en equipos pequeños.",
        "Persona curiosa y cuidadosa, a quien le gustan las preguntas difíciles y las palabras claras.",
    ),
    grades=("Nota media: 8,7", "Matrícula de honor", "Premio extraordinario", "Trabajo final sobre las mareas"),
    spoken=(("Español", "nativo"), ("Inglés", "C1"), ("Portugués", "B1")),
    duration=("año", "años", "mes", "meses"),
)

PORTUGUESE = Locale(
    code="pt",
    given_names=("Beatriz", "Gonçalo", "Inês", "Anselmo", "Conceição", "Vasco", "Luzia", "Tomé", "João Pedro"),
    surnames=("Figueiral", "Sobral Antunes", "de Sá", "Mourão", "da Conceição Neves", "Boaventura", "dos Reis"),
    phones=("+351 21 055 01 {}", "+351 910 550 1{}", "(11) 95550-01{}", "+55 21 5550-01{}"),
    places=("Lisboa", "Porto", "São Paulo, Brasil", "Rio de Janeiro", "Coimbra", "Belo Horizonte", "Braga"),
    titles=(
        *("Desenvolvedora web", "Engenheiro de software", "Analista de dados", "Gerente de projetos", "Estagiário"),
        *("Técnica de informática", "Diretor comercial", "Coordenadora de logística", "Consultor", "Professora"),
        *("Assistente administrativo", "Arquiteta de soluções", "Chefe de equipa", "Programador"),
    ),
    company_names=(
        *("Padarias Figueiral", "Banco do Vale", "Transportes Maresia", "Grupo Alecrim", "Seguros Montalto"),
        *("Editora Garça", "Clínica Boavista", "Águas de Orrão", "Cortiças Sobral", "Farol Digital"),
    ),
    legal_forms=("Lda.", "S.A.", "Ltda.", "", "", ""),
    schools=(
        *("Universidade de Lorvain", "Instituto Superior de Marram", "Universidade Federal de Orrão"),
        *("Faculdade Calder", "Escola Secundária Halden", "Politécnico de Silveira", "Colégio Corvin"),
    ),
    degrees=("Licenciatura", "Mestrado", "Bacharelado", "Doutoramento", "Pós-graduação", "Tecnólogo"),
    degree_joiner=" em ",
    areas=("Engenharia Informática", "Ciência da Computação", "Economia", "Física", "Direito", "Administração"),
    headings={
        "work": ("Experiência profissional", "Experiência", "Percurso profissional", "Histórico profissional"),
        "education": ("Formação académica", "Formação", "Educação", "Escolaridade"),
        "skills": ("Competências", "Habilidades", "Conhecimentos", "Competências técnicas"),
        "languages": ("Idiomas", "Línguas"),
        "summary": ("Perfil", "Sobre mim", "Resumo"),
        "contact": ("Contacto", "Contato"),
    },
    months=(
        *("janeiro", "fevereiro", "março", "abril", "maio", "junho", "julho", "agosto", "setembro", "outubro"),
        *("novembro", "dezembro"),
    ),
    short_months=("jan.", "fev.", "mar.", "abr.", "mai.", "jun.", "jul.", "ago.", "set.", "out.", "nov.", "dez."),
    month_joiner=" de ",
    present=("presente", "atual", "atualmente", "hoje"),
    at=" na ",
    skill_groups=("Programação", "Dados", "Ferramentas", "Outros"),
    labels={"dates": "Datas", "position": "Cargo", "employer": "Empresa", "phone": "Telefone", "email": "E-mail"},
    highlights=(
        "Renovação da faturação com {skill}, que reduziu o processo noturno para {number} minutos",
        "Direção de {number} pessoas em três escritórios",
        "Passagem de {number} clientes para uma nova aplicação escrita em {skill}",
        "Introdução de {skill} e redação do guia para os novos colegas",
        "Acompanhamento das encomendas nas semanas mais ocupadas do ano, também de noite",
        "Redução dos tempos de espera em {number}%",
        "Redação de {number} relatórios para a direção sobre custos e atrasos",
        "Apresentação dos resultados a clientes de quatro países",
        "Acolhimento de {number} aprendizes",
    ),
    summaries=(
        "Construo aplicações fiáveis e explico-as a quem as usa. Dez anos em equipas pequenas.",
        "Pessoa curiosa e cuidadosa, que gosta de perguntas difíceis e de palavras claras.",
    ),
    grades=("Média final: 16 valores", "Louvor e distinção", "Tese sobre as marés", "Prémio de mérito"),
    spoken=(("Português", "nativo"), ("Inglês", "fluente"), ("Francês", "B1")),
    duration=("ano", "anos", "mês", "meses"),
)

LOCALES = {locale.code: locale for locale in (ENGLISH, GERMAN, FRENCH, SPANISH, PORTUGUESE)}
