"""The roles of generated postings: frequency, titles, salaries and required skills."""

from dataclasses import dataclass
from functools import cache


@dataclass(frozen=True, slots=True, kw_only=True)
class Role:
    """A role in the generated market. `salary` is per year in USD. `skills` maps slugs to their shares (0 to 1)."""

    name: str
    weight: float
    family: str
    titles: tuple[str, ...]
    salary: int
    skills: dict[str, float]


# Name and other titles | relative weight | family of tasks | salary in thousands of USD. The indented lines contain
# the percentage of postings that require each skill. The first title is the most common one.
_TABLE = """
Software Engineer, Software Developer, Application Developer | 14 | build | 145
    python 48, java 42, javascript 34, typescript 28, golang 20, cpp 16, csharp 14, rust 8, react 26, sql
    38, postgresql 24, mysql 14, amazon-web-services 42, docker 34, kubernetes 27, git 40, apache-kafka
    12, spring-boot 15, redis 13, linux 22
Data Scientist, Applied Scientist | 6 | learning | 150
    python 88, sql 72, r 34, pandas 42, numpy 30, scikit-learn 44, tensorflow 27, pytorch 34, apache-spark
    24, tableau 20, amazon-web-services 26, snowflake 18, databricks 20, jupyter 22, git 26, bigquery 11
DevOps Engineer, DevOps Developer | 6 | operations | 142
    amazon-web-services 70, kubernetes 68, docker 64, terraform 62, jenkins 38, ansible 36, linux 52,
    python 44, bash 36, github-actions 26, gitlab 24, prometheus 28, grafana 28, helm 24, argo-cd 14,
    microsoft-azure 30, google-cloud-platform 24, git 44, datadog 16
Frontend Developer, Frontend Engineer, Front-End Developer | 6 | build | 128
    javascript 78, typescript 66, react 70, vue-js 18, angular 22, next-js 26, html 56, css 58, redux 24,
    tailwind-css 20, jest 22, webpack 16, graphql 20, git 42, figma 22, cypress 12, storybook 10, node-js
    18
Backend Developer, Backend Engineer, Back-End Developer | 7 | build | 148
    java 42, python 44, golang 30, node-js 30, typescript 24, sql 46, postgresql 44, mongodb 24, redis 30,
    apache-kafka 26, docker 48, kubernetes 38, amazon-web-services 50, spring-boot 26, django 18, fastapi
    14, graphql 14, rabbitmq 12, git 38, csharp 14
Full Stack Developer, Full Stack Engineer, Full-Stack Developer | 7 | build | 138
    javascript 66, typescript 58, react 64, node-js 54, python 32, java 22, postgresql 36, mongodb 26, sql
    38, html 36, css 36, amazon-web-services 42, docker 34, next-js 20, graphql 18, git 44, redis 14,
    angular 16, vue-js 14, ruby-on-rails 8
Machine Learning Engineer, ML Engineer | 5 | learning | 172
    python 92, pytorch 64, tensorflow 46, scikit-learn 34, kubernetes 34, docker 42, amazon-web-services
    44, apache-spark 24, mlflow 24, sql 34, airflow 18, hugging-face 24, databricks 16,
    google-cloud-platform 22, numpy 22, git 30, langchain 14, cpp 10
Product Manager, Technical Product Manager | 6 | product | 152
    jira 44, sql 28, confluence 22, figma 18, microsoft-excel 18, tableau 14, looker 9, salesforce 8,
    python 7, amazon-web-services 6
Data Engineer, Big Data Engineer | 6 | data | 150
    python 82, sql 84, apache-spark 54, airflow 48, snowflake 40, databricks 34, dbt 34, apache-kafka 34,
    amazon-web-services 52, scala 20, amazon-redshift 20, bigquery 20, docker 24, terraform 18, hadoop 14,
    postgresql 26, git 28
Data Analyst, Reporting Analyst | 5 | data | 92
    sql 82, microsoft-excel 54, tableau 44, microsoft-power-bi 42, python 42, r 18, looker 16, snowflake
    14, bigquery 10, pandas 12, jira 8
Cloud Engineer, Cloud Infrastructure Engineer | 3 | operations | 146
    amazon-web-services 66, microsoft-azure 48, google-cloud-platform 34, terraform 62, kubernetes 48,
    docker 42, python 42, linux 44, ansible 26, powershell 18, aws-lambda 16, bash 24
Site Reliability Engineer, SRE | 3 | operations | 162
    kubernetes 66, linux 58, python 50, golang 40, terraform 54, prometheus 48, grafana 44,
    amazon-web-services 56, docker 42, datadog 28, bash 28, helm 18, argo-cd 14
Platform Engineer, Infrastructure Engineer | 3 | operations | 158
    kubernetes 66, terraform 60, golang 38, python 42, amazon-web-services 58, docker 46, helm 28, argo-cd
    24, github-actions 28, linux 38, prometheus 26
Security Engineer, Application Security Engineer | 3 | security | 156
    python 48, amazon-web-services 44, linux 34, splunk 30, terraform 20, kubernetes 26, crowdstrike 18,
    okta 18, burp-suite 20, bash 16, golang 14, wireshark 10
Security Analyst, Cybersecurity Analyst | 2 | security | 104
    splunk 48, crowdstrike 30, wireshark 24, python 26, linux 28, okta 16, powershell 18, microsoft-azure
    18
QA Engineer, Quality Assurance Engineer | 3 | quality | 108
    selenium 52, jira 44, postman 32, sql 30, python 28, java 26, cypress 24, playwright 22, jenkins 18,
    git 22, javascript 18
Test Automation Engineer, Software Development Engineer in Test | 2 | quality | 122
    selenium 54, playwright 36, cypress 28, java 36, python 40, typescript 22, jenkins 26, pytest 24,
    docker 16, git 28
Mobile Developer, Mobile Engineer | 2 | build | 138
    react-native 44, flutter 36, swift 36, kotlin 38, firebase 26, typescript 24, android 34, git 28,
    graphql 12
React Native Developer, React Native Engineer | 1.5 | build | 132
    react-native 96, typescript 62, javascript 54, redux 34, firebase 24, jest 20, git 28, graphql 16
React Developer, React Engineer | 2 | build | 130
    react 97, typescript 64, javascript 70, redux 38, next-js 32, html 40, css 42, jest 28, graphql 20,
    git 36, tailwind-css 18
iOS Developer, iOS Engineer | 2 | build | 146
    swift 92, swiftui 54, xcode 44, git 32, firebase 16, graphql 10
Android Developer, Android Engineer | 2 | build | 142
    kotlin 90, android 88, java 46, firebase 22, git 32, graphql 9
Java Developer, Java Engineer | 3 | build | 132
    java 98, spring-boot 72, sql 48, docker 32, kubernetes 28, apache-kafka 30, amazon-web-services 34,
    postgresql 24, oracle-database 20, jenkins 22, git 36
Python Developer, Python Engineer | 2.5 | build | 134
    python 98, django 46, fastapi 34, flask 28, postgresql 38, sql 38, docker 36, amazon-web-services 38,
    redis 20, celery 16, git 36, pytest 22
.NET Developer, .NET Engineer | 2 | build | 122
    csharp 90, dotnet 96, microsoft-sql-server 56, microsoft-azure 48, sql 44, javascript 34, angular 24,
    azure-devops 26, git 32
Node.js Developer, Node.js Engineer | 1.5 | build | 128
    node-js 98, typescript 68, javascript 60, mongodb 38, postgresql 34, nestjs 26, docker 34,
    amazon-web-services 36, redis 20, graphql 22
PHP Developer, PHP Engineer | 1.2 | build | 104
    php 97, laravel 58, mysql 62, javascript 46, html 32, css 30, docker 20, git 34
Ruby on Rails Developer, Ruby Engineer | 1.2 | build | 140
    ruby 94, ruby-on-rails 90, postgresql 52, redis 28, javascript 34, react 24, amazon-web-services 26,
    git 32
AI Engineer, Generative AI Engineer | 3 | learning | 168
    python 90, openai 48, langchain 44, pytorch 40, hugging-face 34, amazon-web-services 34, docker 32,
    fastapi 26, kubernetes 22, typescript 14, postgresql 16
MLOps Engineer, Machine Learning Platform Engineer | 1.5 | learning | 164
    python 84, kubernetes 64, docker 60, mlflow 48, terraform 40, amazon-web-services 52, airflow 32,
    pytorch 24, github-actions 20, databricks 18
Computer Vision Engineer, Perception Engineer | 1.2 | learning | 162
    python 86, opencv 62, pytorch 64, cpp 48, tensorflow 32, docker 24, linux 24, numpy 22
Analytics Engineer, BI Engineer | 1.5 | data | 136
    sql 92, dbt 74, snowflake 48, python 52, looker 34, bigquery 22, airflow 24, tableau 18, git 30
Business Intelligence Analyst, BI Developer | 1.5 | data | 102
    sql 78, microsoft-power-bi 58, tableau 44, microsoft-excel 36, snowflake 16, python 20,
    microsoft-sql-server 26
Database Administrator, Database Engineer | 1.5 | operations | 112
    sql 74, microsoft-sql-server 46, postgresql 42, oracle-database 40, mysql 34, linux 30, mongodb 18,
    powershell 18, amazon-web-services 24
Data Architect, Solutions Data Architect | 1 | data | 168
    sql 66, snowflake 44, databricks 36, amazon-web-services 46, microsoft-azure 38, apache-kafka 28,
    apache-spark 30, python 36, dbt 18
Solutions Architect, Cloud Architect, AWS Architect | 3 | operations | 170
    amazon-web-services 70, microsoft-azure 44, google-cloud-platform 30, kubernetes 36, terraform 36,
    python 24, java 20, docker 24, apache-kafka 14
Systems Administrator, System Administrator | 2 | operations | 92
    linux 60, windows-server 54, vmware 42, powershell 40, bash 24, ansible 22, microsoft-azure 24, python
    16
Network Engineer, Network Administrator | 2 | operations | 108
    cisco 68, linux 28, python 26, wireshark 24, ansible 20, amazon-web-services 20
Embedded Software Engineer, Firmware Engineer | 2 | build | 136
    cpp 82, python 40, linux 48, git 36, bash 12, rust 12
Game Developer, Gameplay Engineer | 1.2 | build | 122
    cpp 54, csharp 52, unity 56, unreal-engine 46, git 24, python 12
Blockchain Developer, Smart Contract Engineer | 0.8 | build | 158
    solidity 76, ethereum 62, rust 32, typescript 42, golang 24, node-js 26, react 18
Salesforce Developer, Salesforce Engineer | 1.2 | build | 124
    salesforce 98, javascript 46, sql 30, git 26, jira 18, html 14
SAP Consultant, SAP Developer | 1 | product | 118
    sap 97, sql 28, jira 14, microsoft-excel 16
Business Analyst, IT Business Analyst | 3 | product | 94
    sql 44, jira 46, microsoft-excel 44, confluence 24, tableau 18, microsoft-power-bi 20, salesforce 9
UX Designer, UI/UX Designer | 2 | design | 112
    figma 82, html 16, css 18, jira 14, storybook 8
Product Designer, Senior Interaction Designer | 2 | design | 132
    figma 86, storybook 10, html 9, css 10, jira 12
Technical Writer, Documentation Engineer | 0.8 | product | 98
    git 36, confluence 38, jira 32, html 24, python 14, postman 10
Scrum Master, Agile Coach | 1.2 | product | 112
    jira 72, confluence 42, azure-devops 20, microsoft-excel 10
Engineering Manager, Software Engineering Manager | 2.5 | product | 192
    amazon-web-services 34, python 22, java 20, kubernetes 20, jira 20, react 12, typescript 12
Technical Program Manager, IT Project Manager | 2 | product | 150
    jira 52, confluence 30, microsoft-excel 22, sql 14, amazon-web-services 12
Support Engineer, Technical Support Engineer | 1.8 | operations | 88
    linux 42, sql 40, python 24, bash 18, jira 30, amazon-web-services 20, postman 12, nginx 10,
    elasticsearch 10
"""


@cache
def load_roles() -> tuple[Role, ...]:
    """Return all roles in a fixed order."""
    entries: list[tuple[str, list[str]]] = []
    for line in _TABLE.strip().splitlines():
        if line.startswith(" "):
            entries[-1][1].append(line)
        else:
            entries.append((line, []))
    return tuple(_build_role(heading, " ".join(skills)) for heading, skills in entries)


def _build_role(heading: str, skills: str) -> Role:
    titles, weight, family, salary = (cell.strip() for cell in heading.split("|"))
    shares = (entry.split() for entry in skills.split(",") if entry.strip())
    names = tuple(title.strip() for title in titles.split(","))
    return Role(
        name=names[0],
        weight=float(weight),
        family=family,
        titles=names,
        salary=int(salary) * 1000,
        skills={slug: int(percent) / 100 for slug, percent in shares},
    )
