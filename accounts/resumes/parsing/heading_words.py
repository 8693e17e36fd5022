"""The words of section headings in English, German, French, Spanish and Portuguese. Pure."""

from accounts.resumes.parsing.lines import EDUCATION, EXPERIENCE, LANGUAGES, OTHER, PROJECTS, SKILLS, SUMMARY
from accounts.resumes.parsing.word_sets import build_words

# A heading with words of two kinds belongs to the kind that is first here.
KIND_ORDER = (EXPERIENCE, EDUCATION, SKILLS, PROJECTS, LANGUAGES, SUMMARY, OTHER)

_NOUNS = {
    EXPERIENCE: (
        "experience experiences employment employments career positions internships internship jobs placements"
        " berufserfahrung berufserfahrungen berufspraxis arbeitserfahrung erfahrung erfahrungen werdegang praktika"
        " berufstätigkeit tätigkeiten anstellungen praxiserfahrung expérience expériences emplois stages experiencia"
        " experiencias empleos experiência experiências empregos estágios esperienza esperienze"
    ),
    EDUCATION: (
        "education educations academics schooling studies degrees degree ausbildung bildung studium bildungsweg"
        " bildungsgang schulbildung hochschulbildung formation formations études etudes scolarité diplômes educación"
        " educacion formación formacion estudios titulaciones educação formação escolaridade estudos istruzione"
    ),
    SKILLS: (
        "skill skills skillset competencies competences competency technologies technology tools toolbox toolkit stack"
        " expertise proficiencies proficiency strengths capabilities knowledge frameworks kenntnisse fähigkeiten"
        " kompetenzen it-kenntnisse edv-kenntnisse fachkenntnisse compétences competences outils savoir-faire"
        " habilidades competencias conocimientos herramientas aptitudes tecnologías competências conhecimentos"
        " ferramentas tecnologias competenze"
    ),
    PROJECTS: "project projects projekte projets proyectos projetos portfolio",
    LANGUAGES: "languages language sprachen sprachkenntnisse langues idiomas lenguas línguas lingue",
    SUMMARY: (
        "summary profile objective about overview introduction statement kurzprofil profil zusammenfassung résumé"
        " perfil resumen objetivo resumo sobre"
    ),
    OTHER: (
        "certifications certification certificates certificate licenses licences awards award honors honours honor"
        " achievements accomplishments publications publication patents patent talks presentations interests interest"
        " hobbies references referees volunteering volunteer activities courses coursework training trainings"
        " memberships membership affiliations affiliation contact links leadership conferences extracurriculars"
        " community involvement zertifikate zertifizierungen auszeichnungen ehrenamt interessen weiterbildung"
        " weiterbildungen fortbildungen referenzen kontakt veröffentlichungen publikationen mitgliedschaften"
        " certificats loisirs intérêts bénévolat distinctions références intereses aficiones premios referencias"
        " certificaciones certificados voluntariado cursos contacto publicaciones certificações prêmios interesses"
        " voluntariado referências contato publicações"
    ),
}
NOUN_KINDS = {noun: kind for kind, nouns in _NOUNS.items() for noun in nouns.split()}

# Words that can accompany a noun in a heading of any kind.
MODIFIERS = build_words(
    "work working professional relevant technical software hardware engineering related research freelance"
    " additional selected other further previous prior past current recent early key core main top my personal"
    " general specific areas area of the in industry field practical teaching consulting leadership management"
    " military internship business corporate academic educational university college school history background"
    " record qualifications qualification positions held career job set computer it digital programming technology"
    " development data design soft hard language foreign spoken side open source applied summary highlights"
    " experience details information brief full time part paid clinical laboratory lab project tech cloud web"
    " beruflicher berufliche akademische akademischer schulische sonstige weitere relevante technische"
    " fachliche persönliche meine edv und schulischer praktische professionnelle professionnelles professionnel"
    " parcours universitaire académique techniques technique informatiques linguistiques personnelles clés"
    " de des du la le les mes laboral laborales profesional profesionales académica académicas trayectoria técnicas"
    " técnicos informáticos mis otros otra complementaria profissional profissionais acadêmica académica técnicas"
    " minha minhas da do das dos complementar pessoais"
)
# With these words the section is not about paid work or studies.
UNPAID_WORDS = build_words(
    "volunteer volunteering voluntary extracurricular community ehrenamtliche bénévole voluntario"
)

# Whole headings whose kind the nouns do not show.
_PHRASES = {
    SUMMARY: (
        "about me|about|who i am|personal statement|professional profile|career objective|summary of qualifications"
        "|executive summary|professional summary|über mich|à propos|à propos de moi|profil professionnel|sobre mí"
        "|acerca de mí|sobre mim|perfil profesional|perfil profissional|in brief"
    ),
    EXPERIENCE: (
        "percurso profissional|historique professionnel|laufbahn|work|work history|employment history|job history"
        "|professional history|career history|employment record"
        "|work record|professional background|industry background|what i've done|what i have done|where i've worked"
        "|where i worked|beruflicher werdegang|berufliche laufbahn|berufliche stationen|parcours professionnel"
        "|vida laboral|trayectoria profesional"
        "|trajetória profissional|historial laboral|histórico profissional|professional journey|career path"
    ),
    EDUCATION: (
        "percurso académico|percurso acadêmico|trayectoria académica|academic background|educational background"
        "|education history|academic history|qualifications"
        "|academic qualifications|educational qualifications|studies|akademischer werdegang|schulischer werdegang"
        "|parcours académique|parcours universitaire|parcours scolaire|scholastic record|academic record"
    ),
    SKILLS: (
        "skill set|tech stack|technical stack|technology stack|areas of expertise|programming languages"
        "|languages and frameworks|languages and tools|languages and technologies|technical background|what i know"
        "|what i use"
    ),
    PROJECTS: "open source|side projects",
    OTHER: (
        "coordonnées|datos de contacto|dados de contato|dados de contacto|kontaktdaten|mes coordonnées"
        "|personal details|personal information|personal data|additional information|military service"
        "|contact details|contact information|contact me|persönliche daten|informations personnelles|datos personales"
        "|dados pessoais|certifications and licenses|professional development"
    ),
}
PHRASE_KINDS = {phrase: kind for kind, phrases in _PHRASES.items() for phrase in phrases.split("|")}

# Headings that introduce positions if positions stand below, and a summary otherwise.
AMBIGUOUS_PHRASES = build_words(
    "career summary|career highlights|highlights|career overview|career profile|professional overview"
    "|experience summary|summary of experience|career|background|profile|professional highlights",
    separator="|",
)
# Phrases that end in a noun of a heading, but name a subject or a job.
NOT_HEADINGS = build_words(
    "user experience|customer experience|digital experience|employee experience|guest experience|higher education"
    "|special education|adult education|physical education|continuing education|project|internship|community"
    "|membership|volunteer|publication|patent|certificate|award|interest|degree|stack|toolbox|business studies",
    separator="|",
)
