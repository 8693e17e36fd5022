"""Word lists for `skills.disambiguation`. All entries are folded, so in lower case."""


def _words(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _names(text: str) -> frozenset[str]:
    return frozenset(" ".join(name.split()) for name in text.split(","))


# A technology if capitalized inside a sentence. In lower case, a list or a cue is required.
PROPER = _words("""
    ada airflow amplitude flux ansible apex astro athena atlan aurora autopilot babel backstage bamboo
    blender bokeh bootstrap bubble cairo calypso capacitor capybara celery chai chef chroma claude cocoa
    concourse conda consul copilot crystal cucumber cutlass cypress dagger dart dask domo drone druid echarts
    eclipse electron elm ember envoy epic eureka excel expo fiddler flask foundry framer gatling gemini gleam
    gong hack harness haystack heap helm hibernate hilt hive honeycomb houdini illustrator impala intercom
    iterable jaeger jasmine jest karma kinesis koin llama locust loki looker lottie luigi maya metaflow meteor
    mistral mocha mojo mustache node nomad notion oracle packer pact parcel pascal pendo prefect presto pulsar
    puppet pyramid rabbit rails rancher realm recoil redshift remix resque retrofit rider rust sanity scala
    scylla seaborn segment sentry sigma sketch snort snowflake soda solaris spanner spark spinnaker splunk
    starburst stata stripe swift synapse tableau teleport thanos tornado tosca travis triton unity unreal
    vagrant vault velocity volley windsurf wiz workato yang yarn
    apache artemis ballerina bicep bloodhound bottle carthage cypher dojo dynamo elastic entra enzyme fedora
    firebird flax handlebars iceberg insomnia jakarta jetty juniper leaflet lisp lit mac maui mercurial meson
    mimir mongoose moto mule napalm netty newman nightwatch orion phaser pinot polars polish prettier protractor
    qualys radix rasa ros sencha sinatra sinon sonar spock stencil superset telegraf tokio truffle windows yolo
    """)
# Ambiguous even if capitalized: a list or a cue is always required.
STRICT = _words("""
    access amplify argo aria assembler assembly asterisk beam bedrock boost bower bun c canoe chisel combine composer
    cursor cvs d detox echo emotion express fiber fiori flume foundation gem gin glue go grunt gulp hapi
    julia koa lambda lambdas lean less liquid lovable make mcp metal moq move nest nix outlook outreach phoenix
    poetry profiling pug q r racket radius railway ray render replit rocket room salt scheme shiny slack slim
    slurm spring storm stylus swing temporal torch v vanta word zoom
    """)
# A technology only if in capitals.
CAPITALS = _words("""
    aml apm asic awk bi cats cdc dax dlp eda edi elb emr fem fp gis hil hmi ids ips kpi kpis lan nas ngs okr
    okrs oss rag ran rest rf rl mdm safe san sap scm sdr sem sip sit soap soar spa spas sso ssr tex ts uas vcs wan
    """)
# Words common in every posting. They name a skill only in a list of technologies or after a phrase such as "experience
# with".
GENERIC = _names("""
    accessibility, account management, accountability, accounting, agentic, ai, ai applications, ai powered, ai
    solutions, ai systems, ai tools, alerting, alm, analytics, api, ar vr, architecture, architecture and
    design, authorization, automating, automation, b2b saas, back end, backend, backups, blockchain, branding
    design, build systems, build tools, business development, business requirements, business transformation,
    cloud, cloud based, cloud environment, cloud environments, cloud provider, cloud providers, cloud solutions,
    coding, coding skills, compliance, computing, consulting, containers, continuous improvement, copywriting,
    core data, creativity, cross platform, crypto trading, customer experience, customer success, customer support,
    cyber, dashboards, data center, data centers, data centre, data centres, data collection, data insights, data
    management, data platform, data platform engineering, data platforms, data privacy, data protection, data
    security, database, datacenter, datacenters, dba, debug, debugging, decision making, development lifecycle,
    diagnostics, digital transformation, digitalization, digitization, direct reports, distributed teams,
    documentation, documenting, e commerce, e2e, ecommerce, electronics, embedded, experimentation, fast paced
    environment, federation, finance, fintech, flexibility, forecasting, frontend, full stack, fullstack,
    functional requirements, gpu, gpus, hardware, high availability, highly available, highly scalable,
    illustration, infrastructure, integrations, inventory management, kernels, key metrics,
    leadership, legacy code, legacy systems, localization, logging, low latency, machine vision, maintainable
    code, math, mathematics, messaging, mobile, mobile app, mobile application, mobile applications, mobile
    apps, mockups, monitoring, networking, networks, normalization, on call, open source, openai,
    optimization, orchestration, ownership, pairing, payments, performance reviews, personas, presentations,
    private cloud, proactive, probability, probability and statistics, process improvement, procurement, product
    development, product engineering, product roadmap, product roadmaps, product strategy, product vision,
    production support, programming, programming language, programming languages, programming skills, prompting,
    prospecting, prototypes, qa, r d, recommendations systems, recruiting, recruitment, remote work, rendering,
    reporting, research and development, resilience, responsive, rest assured, root cause analysis, saas, saas
    applications, saas platform, saas platforms, saas product, saas products, saas software, saas solutions,
    sales, scalable systems, schematics, security, security controls, security policies, security standards,
    shell, simulation, simulations, software applications, software as a service, software requirements,
    software solutions, sre, statistical, storage, strategic planning, supply chain, switching, system
    requirements, talent acquisition, technical architecture, technical debt, technical direction, technical
    guidance, technical requirements, technical strategy, telecom, telemetry, testing, tracing, troubleshoot,
    troubleshooting, typography, usability, user experience, user interface, user interfaces, user testing,
    visualization
    , visualizations, web application, wireframes, product launches, working remotely, presenting, teaching,
    financial technology, blockchain technology, cryptocurrency, autonomous systems, data storage, trading systems,
    technical specifications, deployment process, palo alto, gtm
    """)
# Phrases that name a skill in any spelling if the text is about their subject (see `SUBJECTS`).
SUBJECT_PHRASES = _names("""
    architectural design, client side, evals, evaluation frameworks, fine tuning, large data sets, large datasets, large
    scale data, model evaluation, performance testing, real time data, virtual private cloud, vpc, vpcs
    """)
# Also everyday words or company names, but usually the technology if capitalized or among technologies.
USUAL = SUBJECT_PHRASES | _names("""
    angular, asana, bash, caddy, delphi, dsp, elixir, english, gatsby, groovy, ionic, nim, pandas, postman, react, ruby,
    roce, rollup, selenium, solidity, storybook, zig, zookeeper
    """)
# Products named after their makers. If the maker is mentioned as a customer, an investor or a former employer, the
# product is not a required skill.
ORGANIZATIONS = _words("""
    adyen amplitude asana canva cloudflare databricks datadog dropbox elastic figma github gitlab hashicorp hubspot
    mixpanel mongodb netlify notion okta openai oracle pagerduty palantir plaid redis salesforce segment sentry
    servicenow shopify slack snowflake splunk squarespace stripe twilio vercel webflow workday zapier zendesk zoom
    """)
# Patterns that a text must match before these names count as technologies, because places, sales terms and investors
# share the names.
_BIG_DATA = (
    "big data|spark|hadoop|kafka|[pt]b\\b|[pt]etabyte|terabyte|databricks|snowflake|bigquery|data engineer|pipeline"
)
_LANGUAGE_MODELS = "llm|language model|generative|genai|\\bgpt|prompt|agentic"
SUBJECTS = {
    "ada": "avionics|embedded|spark|safety|c\\+\\+|real-time",
    "architectural design": "software|microservice|back-?end|cloud",
    "client side": "javascript|typescript|react\\b|browser|\\bcss\\b|angular|\\bvue",
    "dsp": "signal|audio|filter|fpga|embedded|radar|baseband|wireless|firmware|matlab|codec|image processing",
    "emr": "\\baws\\b|amazon|spark|hadoop|redshift|\\bs3\\b",
    "fine tuning": "model|llm|lora\\b|machine learning|deep learning|\\bml\\b|\\bai\\b",
    "evals": _LANGUAGE_MODELS,
    "evaluation frameworks": _LANGUAGE_MODELS,
    "flux": "gitops|argo|kubernetes|k8s|helm|continuous deliver",
    "foundry": "solidity|ethereum|hardhat|smart contract|\\bevm\\b",
    "fp": "functional|haskell|scala\\b|f#|clojure|ocaml|elixir",
    "iceberg": "data|table|lakehouse",
    "pandas": "python|numpy|scikit|jupyter|data (?:analy|scien|engineer|fram)",
    "real time data": "stream|kafka|flink|kinesis|pub/sub|event-driven|pipeline",
    "roce": "rdma|infiniband|nccl|network",
    "rollup": "webpack|vite|bundl|javascript",
    "selenium": "test|\\bqa\\b|automat|browser|webdriver",
    "storybook": "component|react|vue|angular|front-?end|design system",
    "core data": "\\bios\\b|swift|macos|apple|objective-c",
    "cypress": "test|qa\\b|e2e|end-to-end|selenium|playwright|jest",
    "metal": "\\bios\\b|swift\\b|\\bgpu|graphics|shader|vulkan|opengl",
    "large data sets": _BIG_DATA,
    "large datasets": _BIG_DATA,
    "large scale data": _BIG_DATA,
    "mdm": "master data|golden record|data governance|data quality|steward|informatica|reltio|profisee",
    "model evaluation": _LANGUAGE_MODELS,
    "orchestration": "kubernetes|k8s|docker|container|nomad\\b|swarm",
    "performance testing": "software|\\bweb|\\bapi|load|jmeter|back-?end|\\bqa\\b|\\bapp",
    "phoenix": "elixir|erlang|liveview|ecto\\b",
    "sdr": "radio|\\brf\\b|fpga|gnu|dsp\\b|waveform|antenna|spectrum|baseband|signal processing",
    "ts": "typescript|javascript|\\bjs\\b|react|angular|\\bnode|front.?end",
    "virtual private cloud": "\\baws\\b|amazon",
    "vpc": "\\baws\\b|amazon",
    "vpcs": "\\baws\\b|amazon",
    "velocity": "template|\\bjava\\b|freemarker|apache",
    "vcs": "\\bgit\\b|github|gitlab|bitbucket|version|source control|repositor|subversion|svn",
}
# Usual names that count in lower case as well, because the text is about their subject.
LOWER_CASE = SUBJECT_PHRASES | _words("""
    bash dsp pandas selenium storybook
    """)
# Languages that follow "in" and "using". For other names, these words are not evidence ("in Spring").
LANGUAGES = _words("""
    assembler assembly c d dart elm go julia r rust scala shell swift
    """)
# In capitals, these are an unrelated abbreviation or part of a heading.
NEVER_ALL_CAPS = _words("""
    access ada chef combine delphi express gin go hack hive move nim room rust spark spring swift unity word
    """)

# "Experience in Go", "proficient with R", "written in C".
ABILITY = _words("""
    conhecimento conhecimentos connaissance connaissances conocimiento conocimientos dominio domínio erfahrung
    erfahrungen experiencia experiência expérience kenntnisse kenntnissen maîtrise
    ability background code coding comfortable command competence competency competent developing development
    experience experienced experiences expert expertise familiar familiarity fluency fluent hands implemented
    knowledge mastery proficiency proficient program programming skill skilled skills strong understanding
    versed working writing written
    """)
ABILITY_LINKS = _words("""
    about avec com con de des du em en in mit of on using with
    """)
# "We use Go", "services in Rust".
USING = _words("""
    in know knows learn like love prefer use used uses using via with write writes wrote
    """)
# "Go developer", "Spring framework". Strong cues also match with one word in between: "Go backend developer".
CUES_AFTER = _words("""
    backend chart charts cli code codebase codebases compiler cookbook cookbooks developer developers
    development ecosystem engineer engineers framework frameworks language languages libraries library macros
    manifests microservice microservices module modules package packages plugin plugins programmer programmers
    programming runtime script scripting scripts sdk service services stack template templates toolchain
    """)
STRONG_CUES_AFTER = _words("""
    codebase codebases developer developers engineer engineers framework language library programmer programming
    """)
# Cues specific to one name, before or after it.
SPECIFIC_CUES = {
    "access": _words("microsoft ms"),
    "amplify": _words("aws appsync"),
    "bash": _words("script scripts shell scripting write"),
    "c": _words("ansi embedded langage lenguaje linguagem programmiersprache sprache"),
    "chef": _words("opscode"),
    "cursor": _words("editor ide"),
    "english": _words("""
        advanced b2 business c1 c2 excellent fluent fluency good native proficiency professional proficient skills
        speaker speaking spoken strong upper-intermediate written
        """),
    "excel": _words("""
        advanced formulas microsoft modeling modelling ms pivot sheets skills spreadsheet spreadsheets vba
        """),
    "express": _words("middleware node nodejs routes"),
    "flask": _words("python"),
    "go": _words("golang goroutines idiomatic modern routines"),
    "helm": _words("kubernetes"),
    "hive": _words("apache metastore queries tables"),
    "lambda": _words("aws function functions"),
    "node": _words("backend server"),
    "oracle": _words("12c 19c database databases dba forms sql"),
    "gtm": _words("motion motions plan plans strategies strategy"),
    "mentor": _words("""
        coach developers engineers guide junior juniors others teammates you
        """),
    "nest": _words("js node prisma typescript"),
    "outlook": _words("microsoft ms"),
    "palo alto": _words("firewall firewalls ngfw panorama prisma cortex"),
    "r": _words("dplyr ggplot2 studio"),
    "rust": _words("crate crates idiomatic"),
    "salt": _words("grains minions states"),
    "sketch": _words("figma plugins"),
    "spark": _words("apache clusters jobs sql streaming"),
    "spring": _words("beans java mvc"),
    "unity": _words("3d c# engine game games"),
    "word": _words("microsoft ms"),
}
# Words that make a name an everyday word, whatever else the sentence contains.
EVERYDAY_AFTER = {
    "angular": _words("distance momentum movement position resolution velocity"),
    "access": _words("badges control controls denied management point points rights to"),
    "assembly": _words("area bill hall line lines plant room"),
    "bootstrap": _words("a new our the your"),
    "c": _words("corp corporation diploma level major minor round suite"),
    "chef": _words("at de for in"),
    "dart": _words("around board boards"),
    "excel": _words("academically as at in on professionally through under when while within"),
    "express": _words("""
        any consent delivery ideas interest its our permission their themselves written your yourself
        """),
    "go": _words("""
        above after ahead all and-beyond any anywhere as at away back beyond big by deep down far fast for
        from further global green here home hunting in into it just live of off on out over public right
        straight that the there through to together towards up viral well wherever with without your
        """),
    "harness": _words("a advanced ai all and cutting data generative its llms modern new our technology the your"),
    "helm": _words("of"),
    "hive": _words("mind of"),
    "julia": _words("child has is roberts was"),
    "less": _words("about commuting experience experienced is of than time"),
    "make": _words("a an it our sure the this us your"),
    "notion": _words("of that"),
    "oracle": _words("arena of park"),
    "outlook": _words("for is of on"),
    "outreach": _words("activities campaigns calls efforts emails events messages programs scripts strategy to"),
    "phoenix": _words("arizona az metro office"),
    "r": _words("rated us"),
    "react": _words("accordingly appropriately around as calmly fast immediately promptly quickly swiftly when"),
    "render": _words("assistance services"),
    "rest": _words("and assured day days easy is of"),
    "rust": _words("belt remover"),
    "salt": _words("bae lake"),
    "segment": _words("leader leaders of"),
    "sketch": _words("artist comedy ideas out"),
    "slack": _words("channel channels chats community discussions message messages off time"),
    "solidity": _words("and of"),
    "spark": _words("change curiosity ideas innovation joy plug plugs"),
    "spring": _words("2023 2024 2025 2026 2027 break cleaning health internship into of season semester summer term"),
    "swift": _words("action code codes payments resolution response transportation"),
    "unity": _words("among bank health in of point"),
    "word": _words("for of processing spreads"),
    "zoom": _words("call calls in interview interviews into link meeting meetings out"),
}
EVERYDAY_BEFORE = {
    "access": _words("equal market open provide secure the to"),
    "c": _words("category class grade hepatitis level plan round schedule series tier type vitamin"),
    "combine": _words("and can may that they to we which who will you"),
    "gatsby": _words("great jay"),
    "postman": _words("a the"),
    "ruby": _words("red"),
    "chef": _words("a executive head line our pastry personal private sous the"),
    "d": _words("category class grade level plan round schedule series tier type vitamin"),
    "dart": _words("a"),
    "excel": _words("can must people they to we who will you"),
    "express": _words("american federal orient panda polar pony"),
    "go": _words("always can good i let ll must never pick pok pokemon ready the they to we will you"),
    "helm": _words("at the"),
    "hive": _words("a bee the"),
    "julia": _words("contact hello hi meet"),
    "less": _words("for much no"),
    "metal": _words("bare heavy precious scrap sheet"),
    "oracle": _words("an price"),
    "outlook": _words("a economic market our positive the"),
    "puppet": _words("a finger sock"),
    "rest": _words("and some the to well"),
    "rust": _words("against from"),
    "salt": _words("of sea"),
    "scala": _words("la"),
    "shell": _words("egg royal"),
    "sketch": _words("a to"),
    "slack": _words("on our over through via"),
    "spark": _words("a that"),
    "spring": _words("by colorado early hot late next palm silver since the this until"),
    "swift": _words("a jonathan taylor"),
    "unity": _words("national"),
    "word": _words("a the your"),
    "zoom": _words("a by on over via"),
}
# Broad fields. Before a word in `PEOPLE` they are part of a job title or a team name, not a skill.
FIELDS = _names("""
    accounting, agile, apis, automation, backend development, business analysis, cloud computing, computer
    networking, consulting, customer service, cybersecurity, data analysis, data architecture, data engineering, data
    science,
    database administration, databases, devops, digital marketing, embedded systems, enterprise architecture,
    finance, firmware, frontend development, full-stack development, graphic design, hardware, information
    security, information technology, it infrastructure, it support, mobile development, platform engineering,
    product design, product management, project management, quality assurance, research and development, sales,
    site reliability engineering, software engineering, software testing, system administration, systems
    engineering, talent acquisition, technical leadership, test automation, ui/ux design, user experience
    design, user interface design, web design, web development
    """)
# Departments of an employer. In "work with product management and finance" they are people, not skills.
DEPARTMENTS = _names("""
    accounting, backend development, business analysis, business development, computer hardware, customer service,
    customer success, customer support, cybersecurity, data analysis, data engineering, data science, devops, digital
    marketing, finance, firmware, frontend development, graphic design, hardware, information security, information
    technology, it infrastructure, it support, machine learning, platform engineering, procurement, product design,
    product management, product marketing, program management, project management, quality assurance, research and
    development, sales, site reliability engineering, software engineering, supply chain management, talent
    acquisition, ui/ux design, user experience design, user interface design, user research
    """)
# Trades that count in a title, as people are called there, with the skill that each stands for.
TITLE_TRADES = {
    **dict.fromkeys(("ai engineer", "ai developer", "ai researcher"), "artificial intelligence"),
    **dict.fromkeys(("blockchain engineer", "blockchain developer"), "blockchain"),
    **dict.fromkeys(("game developer", "game engineer", "game programmer", "gameplay engineer"), "game development"),
    **dict.fromkeys(("network engineer", "network administrator", "network architect"), "computer networking"),
    **dict.fromkeys(("quality engineer", "test engineer", "software tester"), "software testing"),
    **dict.fromkeys(("system administrator", "systems administrator"), "system administration"),
    **dict.fromkeys(("web developer", "web engineer"), "web development"),
    "accountant": "accounting",
    "account manager": "account management",
    "business analyst": "business analysis",
    "customer success manager": "customer success",
    "data analyst": "data analysis",
    "data architect": "data architecture",
    "data engineer": "data engineering",
    "data platform engineer": "data engineering",
    "data scientist": "data science",
    "database administrator": "database administration",
    "electrical engineer": "electrical engineering",
    "enterprise architect": "enterprise architecture",
    "graphic designer": "graphic design",
    "mechanical engineer": "mechanical engineering",
    "platform engineer": "platform engineering",
    "product designer": "product design",
    "product manager": "product management",
    "program manager": "program management",
    "project manager": "project management",
    "prompt engineer": "prompt engineering",
    "software architect": "software architecture",
    "ux researcher": "user research",
}
# Names of people that are aliases of a skill. They count only in a title or where the text asks for such a person.
TRADES = _names("""
    product owner, scrum master, tech lead, technical lead, technical writer, penetration tester
    """)
PEOPLE = _words("""
    administrator analyst analysts architect architects colleagues consultant consultants department departments
    designer designers developer developers director engineer engineers expert experts group guild intern lead
    leader leaders leads manager managers organisation organization owner partner partners practitioner
    professionals programmer sme specialist specialists squad squads team teams
    """)
# Names that are everyday words of another language. In a text in this language they count only in a list.
FALSE_FRIENDS = {
    "de": _words("chef flink gatling helm puppet rust salt"),
    "fr": _words("angular chef cocoa crystal eclipse elixir excel express latex oracle pascal vue"),
    "es": _words("angular celery chef consul crystal eclipse elixir julia latex lean mocha oracle pascal"),
    "pt": _words("angular chef consul crystal eclipse elixir excel julia latex lua mocha pascal"),
}
ALL_FALSE_FRIENDS = frozenset().union(*FALSE_FRIENDS.values())

AMBIGUOUS = PROPER | STRICT | CAPITALS | GENERIC | USUAL | ORGANIZATIONS | SUBJECTS.keys()
