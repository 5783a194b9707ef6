/* carepace.yaml(5), as mdoc(7), from the table. */
#include "io/settings.h"

/* Sentences begin no line with what troff takes for its own: they begin with a letter. */
static void print_setting(FILE *out, const struct setting *setting)
{
	char expected[256];

	fprintf(out, ".It Cm %s.%s\n%s\nGive %s.\n", setting->section, setting->name,
	    setting->sentence, setting_expected(setting, expected, sizeof(expected)));
	if (setting->is_required)
		fputs("Required.\n", out);
	else if (setting->fallback)
		fprintf(out, "The default is\n.Ql %s .\n", setting->fallback);
	else
		fputs("Not set by default.\n", out);
	if (!setting->is_live)
		fputs("A change needs a restart.\n", out);
}

void settings_print_manual(FILE *out)
{
	const char *section = NULL;

	fputs(
	    ".\\\" Printed by carepace help carepace.yaml.5\n.Dd $Mdocdate$\n"
	    ".Dt CAREPACE.YAML 5\n.Os\n.Sh NAME\n.Nm carepace.yaml\n"
	    ".Nd configuration of the telemetry gateway\n.Sh DESCRIPTION\n"
	    "YAML in sections. What is not given has its default; unknown names, anchors and tags "
	    "are refused. Relative paths count from the folder of the file.\n"
	    ".Pp\n.Dl systemctl reload carepace\n.Pp\n"
	    "takes the file again, with the policy file, certificates and keys: all of it or, when "
	    "anything is wrong, nothing.\n.Pp\n.Dl carepace check-config\n.Pp\n"
	    "lists what is wrong, with file and line.\n",
	    out);
	for (size_t i = 0; i < setting_count; i++) {
		if (!section || strcmp(section, settings[i].section) != 0) {
			fprintf(out, "%s.Ss %s\n.Bl -tag -width Ds\n", section ? ".El\n" : "",
			    settings[i].section);
			section = settings[i].section;
		}
		print_setting(out, &settings[i]);
	}
	fputs(".El\n.Sh FILES\n.Bl -tag -width Ds\n.It Pa /etc/carepace/carepace.yaml\n"
	      "Where every command looks for it.\n.El\n.Sh SEE ALSO\n.Xr carepace 1\n",
	    out);
}
