variable "name" {
  description = "Prefix of every name, and the tag Project. Each environment needs its own."
  type        = string
  default     = "bikerental"
  validation {
    condition     = can(regex("^[a-z][a-z0-9-]{1,20}$", var.name))
    error_message = "Lower-case letters, digits and hyphens, 2 to 21 of them, a letter first."
  }
}

variable "region" {
  description = "The AWS region."
  type        = string
  default     = "eu-central-1"
}

variable "domain" {
  description = "The host name that clients use, such as api.bikerental.example."
  type        = string
}

variable "mail_domain" {
  description = "The domain that mail is sent from. An output lists the DNS records that SES needs for it."
  type        = string
}

variable "alarm_email" {
  description = "The e-mail that receives alarms. AWS sends it a mail to confirm."
  type        = string
}

variable "upload_origins" {
  description = "Origins whose pages may send uploads to the media bucket; empty: the domain itself."
  type        = list(string)
  default     = []
}

# The host
variable "architecture" {
  description = "amd64, or arm64, which costs a fifth less. The pipeline must build the image for the same one."
  type        = string
  default     = "amd64"
  validation {
    condition     = contains(["amd64", "arm64"], var.architecture)
    error_message = "amd64 or arm64."
  }
}

variable "instance_type" {
  description = "Size of a host. Memory limits of the whole stack need 8 GiB. Empty: t3.large, or t4g.large for arm64."
  type        = string
  default     = ""
}

variable "snapshots_kept" {
  description = "How many daily snapshots of the data disk are kept; 0 for none."
  type        = number
  default     = 14
}

variable "data_gib" {
  description = "Size of the encrypted disk for Docker's volumes, in GiB. It can grow but not shrink."
  type        = number
  default     = 50
}

variable "ami_id" {
  description = "The image to start from. Empty: the newest Debian 13 from Debian's own account."
  type        = string
  default     = ""
}

variable "ssh_ranges" {
  description = "Networks that may reach port 22. Empty: only SSM reaches the host."
  type        = list(string)
  default     = []
  validation {
    condition     = alltrue([for range in var.ssh_ranges : can(cidrhost(range, 0)) && !endswith(range, "/0")])
    error_message = "Each is a network such as 203.0.113.0/24, and not the whole internet."
  }
}

variable "ssh_public_key" {
  description = "The public key that may log in as admin, over SSM or from ssh_ranges. Empty: none."
  type        = string
  default     = ""
}

# The account
variable "account_wide" {
  description = "Whether this environment makes what an account has once: GitLab's OIDC provider, CloudTrail, the budget. True for one environment of the account."
  type        = bool
  default     = true
}

variable "monthly_budget_usd" {
  description = "A mail is sent at 80 % of this sum, and when the forecast is above it; 0 for no budget."
  type        = number
  default     = 150
}

# GitLab
variable "gitlab_url" {
  description = "The GitLab that signs the pipeline's tokens."
  type        = string
  default     = "https://gitlab.com"
}

variable "gitlab_project" {
  description = "group/project of the pipeline that deploys."
  type        = string
}

variable "gitlab_branch" {
  description = "The protected branch whose pipelines deploy."
  type        = string
  default     = "main"
}

# Growth
variable "managed_stores" {
  description = "Whether PostgreSQL runs on RDS and Redis on ElastiCache instead of on the host."
  type        = bool
  default     = false
}

variable "database_class" {
  type    = string
  default = "db.t4g.medium"
}

variable "database_gib" {
  type    = number
  default = 50
}

variable "database_multi_az" {
  description = "A standby in a second zone. It doubles the price; an outage takes minutes instead of hours."
  type        = bool
  default     = true
}

variable "database_password" {
  description = "A number. Raising it makes a new password; the service follows without a restart."
  type        = number
  default     = 1
}

variable "database_replicas" {
  description = "Read replicas, for DATABASE_REPLICA_URL."
  type        = number
  default     = 0
}

variable "redis_class" {
  type    = string
  default = "cache.t4g.small"
}

# Several hosts
variable "web_hosts" {
  description = "0: one host does everything. 2 or more: so many web hosts behind a balancer; the first host has the workers and the clock."
  type        = number
  default     = 0
  validation {
    condition     = var.web_hosts == 0 || var.web_hosts >= 2
    error_message = "0, or at least 2: one for each zone."
  }
  validation {
    condition     = var.web_hosts == 0 || (var.managed_stores && var.database_multi_az)
    error_message = "Several hosts need managed_stores and database_multi_az."
  }
  validation {
    condition     = var.web_hosts == 0 || (var.image != "" && var.certificate_arn != "")
    error_message = "Several hosts need image and certificate_arn."
  }
}

variable "worker_hosts" {
  description = "Hosts that only work, beside the first. They need web_hosts."
  type        = number
  default     = 0
  validation {
    condition     = var.worker_hosts == 0 || var.web_hosts > 0
    error_message = "Hosts for workers need web_hosts."
  }
}

variable "image" {
  description = "The first image of the group's hosts; a deploy names the next one. For several hosts."
  type        = string
  default     = ""
}

variable "certificate_arn" {
  description = "The certificate of the domain in ACM. For several hosts: then the balancer ends TLS."
  type        = string
  default     = ""
}

variable "allow_destroy" {
  description = "Lets `terraform destroy` remove host, database and full buckets. For trials only."
  type        = bool
  default     = false
}
