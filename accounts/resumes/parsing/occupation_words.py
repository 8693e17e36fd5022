"""Words that end or begin the titles of positions. Pure.

The English nouns are the last words of the titles in O*NET and ESCO. `docs/credits.md` names both sources.
"""

from accounts.resumes.parsing.word_sets import build_words

_ENGLISH = """
abstractor accountant actor actress actuary acupuncturist adjuster admin administrator adviser advisor advocate
aesthetician agent agronomist aide algebraist ambassador analyst animator annealer anthropologist appraiser
apprentice apprenticeship arboriculturist archaeologist architect archivist aromatherapist arranger artist assayer
assembler assessor assistant associate astrologer astronaut astronomer athlete attendant attorney au-pair auctioneer
audiologist auditor author avp babysitter bailiff baker banker barber barista bartender basketmaker beautician
behaviourist beveller biochemist bioengineer biologist biomathematician biometrician biophysicist biostatistician
biotechnician biotechnologist blacksmith bleacher blender blogger boatman boatmaster boatswain bodyguard boilermaker
bookkeeper bookmaker boss botanist brander brazier breeder brewmaster bricklayer brigadier broker builder burner
butcher butler buyer caller canvasser capitalist captain caregiver carer caretaker carpenter carrier cartographer
cartoonist cashier caster catcher caulker ceo ceramicist cfo chair chairman chairwoman chaplain chauffeur checker
chef chemist chipper chiropractor chocolatier choirmaster choirmistress choreographer choreologist chromatographer
cio ciso clarifier cleaner clerk climatologist cmo co-founder co-pilot coach coachbuilder coder cofounder collector
colonel colourist columnist comedian commissioner communicator compiler composer concierge conductor confectioner
configurator conservator consul consultant contractor contributor controller coo cook cooper coordinator coppersmith
copywriter coroner corporal correspondent cosmologist councillor counsel counsellor courier coverer cpo creator crew
criminologist cryptanalyst cryptographer cryptologist cto curator cutter dancer dba dealer dean deckhand decksman
delegate demographer demonstrator dentist derrickhand describer designer detective developer devops dietitian
diplomat director dispatcher distiller distributor diver doctor doorman doorwoman drafter draftsman dramaturge
draughtsman dresser dressmaker driller driver dyer ecologist economist editor editor-in- chief educator electrician
embalmer embroiderer enameller engineer engraver entrepreneur enumerator epidemiologist ergonomist estimator
evaluator evangelist evp examiner executive expert extractor facilitator faculty farmer farrier fellow fermenter
filler filmmaker finisher firefighter firer fitter florist forecaster foreman forensics forester founder freelance
freelancer gamemaster gardener gauger gemmologist genealogist generalist geneticist geochemist geographer geologist
geometer geometrician geophysicist geotechnician glass- blower glazier goldsmith governor grader graphologist
greaser grinder groom groomer groundsman groundswoman gsi guard guardian gunsmith hacker hairdresser handler
handyman hawker head headmaster headteacher helmsman historian homeopath hostess housekeeper hunter hydrogeologist
hydrologist hydrotherapist hygienist illustrator imagesetter immunologist implementer informatician informaticist
inspector installer instructor integrator interceptor intern internship interpreter interviewer investigator
investor ironer ironworker janitor jeweller jockey jointer journalist judge justice keeper kinesiologist knitter
laborer labourer laminator landscaper lawyer lead leader lecturer lexicographer liaison librarian lieutenant
lifeguard linguist lithographer loader localiser locksmith logger lyricist machinist maintainer maker manager
manicurist manufacturer marker marketeer marketer marshaller masseur masseuse master mathematician matrose mayor
mechanic mediator member mentor merchandiser merchant metallurgist meteorologist methodologist metrologist
microbiologist midwife miller milliner minder miner mineralogist minister missionary mixer modeler modeller
moderator motorhand moulder mouldmaker mounter mover musician nanny nanoengineer negotiator networker neutraliser
notary nurse nutritionist observer oceanographer oenologist officer official ombudsman operative operator ops
optician optometrist organiser organizer orthoptist osteopath owner packer painter palaeontologist paperhanger
papermaker paralegal paramedic partner patternmaker pawnbroker pedagogue pedicurist pelletiser performer pharmacist
pharmacologist philosopher phlebotomist photographer photojournalist physician physicist physiologist
physiotherapist picker pilot pizzaiolo planer planner plasterer plumber pm podiatrist policeman polisher porter
postdoc postdoctoral postman postwoman potter practitioner preparer presenter president presser principal printer
printmaker processor producer professional professor programmer projectionist promoter prompter proofreader
prosecutor prosthetist-orthotist prototyper psychologist psychotherapist publisher puppeteer purchaser pusher
pyrotechnician qa ra radiographer ranger receptionist recruiter registrar rep repairer reporter representative
researcher responder restorer reviewer rigger riveter roaster roofer roughneck roustabout runner rustproofer
répétiteur sailor salesperson sander scaffolder scheduler scientist scopist screener scrum-master sculptor sde sdet
seaman secretary seismologist self-employed seller senator sergeant server serviceman servicer sexer shepherd
shipbroker shipwright shoemaker shotfirer shunter signalperson silversmith singer sitter skipper slaughterer
sociologist solderer soldier solicitor sommelier sophrologist sorter specialist speechwriter spinner splitter
spokesperson sprayer sre staff-engineer stagehand statistician steeplejack stevedore steward stewardess stitcher
stocker stonemason strategist student stylist subtitler superintendent supervisor surgeon surveyor svp swe sweeper
switchperson sysadmin ta tailor tanner taster taxidermist teacher tech technician technologist teller temp tester
therapist toxicologist toymaker tpm trader trainee trainer transcriptionist translator transporter treasurer treater
trimmer trustee turner tutor typesetter typist undergraduate underwriter upholsterer usher valuer vendor verger
veterinarian vice-president videographer vlogger volunteer vp vulcaniser waiter waitress warden warehouseman
watchmaker weaver webmaster welder well-digger winder woodcarver woodturner worker writer zookeeper
"""

# Nouns that begin a title in Romance languages: "Ingénieur logiciel", "Chef de projet", "Jefe de ventas".
_ROMANCE = """
ingénieur ingénieure développeur développeuse technicien technicienne chef cheffe responsable directeur directrice
assistant assistante stagiaire consultant consultante chargé chargée gestionnaire vendeur vendeuse alternant
alternante apprenti apprentie enseignant enseignante professeur professeure comptable infirmier infirmière analyste
architecte administrateur administratrice concepteur conceptrice rédacteur rédactrice conseiller conseillère
coordinateur coordinatrice formateur formatrice chercheur chercheuse doctorant doctorante secrétaire serveur
serveuse cuisinier cuisinière graphiste médecin avocat avocate juriste auditeur auditrice contrôleur contrôleuse
pilote moniteur monitrice animateur animatrice intérimaire caissier caissière gérant gérante adjoint adjointe agent
hôte hôtesse programmeur ingeniero ingeniera desarrollador desarrolladora técnico técnica jefe jefa director
directora asistente becario becaria consultor consultora gestor gestora vendedor vendedora profesor profesora
contable enfermero enfermera analista arquitecto arquitecta administrador administradora administrativo
administrativa diseñador diseñadora redactor redactora asesor asesora coordinador coordinadora investigador
investigadora secretario secretaria camarero camarera cocinero cocinera médico médica abogado abogada auditor
auditora encargado encargada auxiliar ayudante dependiente practicante programador programadora maestro maestra
operario operaria supervisor supervisora gerente líder traductor traductora engenheiro engenheira desenvolvedor
desenvolvedora diretor diretora assistente estagiário estagiária contador contadora enfermeiro enfermeira arquiteto
arquiteta designer pesquisador pesquisadora professora advogado advogada cientista chefe secretária técnico-
administrativo atendente vendedora recepcionista coordenador coordenadora administradora bolsista monitor monitora
sócio fundador fundadora socio projetista líder ingegnere sviluppatore sviluppatrice responsabile direttore
direttrice tirocinante impiegato impiegata
"""

# Nouns that end a German or Dutch title, mostly as the last part of a compound: "Softwareentwicklerin".
_GERMAN_ENDINGS = """
entwickler ingenieur leiter berater manager analyst techniker assistent kaufmann kauffrau meister führer arbeiter
spezialist referent lehrer trainer planer pfleger koch köchin verkäufer vertreter informatiker mechaniker
mechatroniker elektroniker elektriker gestalter designer architekt administrator programmierer wissenschaftler
forscher dozent professor redakteur übersetzer buchhalter controller sachbearbeiter werkstudent student praktikant
auszubildender auszubildende auszubildenden azubi volontär trainee helfer kraft betreuer erzieher arzt ärztin
apotheker anwalt jurist richter beamter beamtin vorstand geschäftsführer inhaber gründer sekretär fahrer lagerist
monteur schlosser tischler maler bäcker physiker chemiker biologe biologin mathematiker koordinator beauftragter
beauftragte verantwortlicher verantwortliche prüfer tester kellner barkeeper hilfskraft mitarbeiter mitarbeitende
chef chefin bauer zeichner laborant gehilfe gehilfin fachangestellte fachangestellter angestellte angestellter
partner coach redakteurin ontwikkelaar medewerker adviseur
"""

ENGLISH_NOUNS = frozenset(_ENGLISH.split())
ROMANCE_NOUNS = frozenset(_ROMANCE.split())
GERMAN_ENDINGS = tuple(_GERMAN_ENDINGS.split())

# Before a title: "Senior", "Lead", "Deputy".
RANKS = build_words(
    "senior sr sr. junior jr jr. lead principal staff chief head associate assistant deputy vice acting interim"
    " executive"
    " global regional group general graduate entry mid mid-level leitender leitende stellvertretender freier freie"
)
